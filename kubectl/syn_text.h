// An agent's answer to a SYN check, for people. Pure functions, safe on any thread.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/exit_code.h"

namespace smc::kubectl {

std::string syn_text(const nlohmann::json& answer, const std::string& pod);

// 0 clean, 2 could not test, 4 a fault on the path; anything else the agent says counts as 2.
ExitCode syn_exit_code(const nlohmann::json& answer);

}  // namespace smc::kubectl
