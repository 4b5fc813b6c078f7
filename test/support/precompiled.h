// What nearly every test reads, compiled once (test/CMakeLists.txt). No file includes this one:
// each includes what it uses, and the presets that compile without it find who does not.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Compiled once, in json_instances.cc, and not in every test again.
extern template class nlohmann::basic_json<>;
extern template nlohmann::json nlohmann::json::parse<const std::string&>(
    const std::string&, nlohmann::json::parser_callback_t, bool, bool);
extern template nlohmann::json nlohmann::json::parse<const char*>(const char*, const char*,
                                                                  nlohmann::json::parser_callback_t,
                                                                  bool, bool);
