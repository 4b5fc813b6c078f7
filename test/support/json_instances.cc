// The instances that precompiled.h says are elsewhere.
#include <string>

#include <nlohmann/json.hpp>

using nlohmann::json;

template class nlohmann::basic_json<>;
template json json::parse<const std::string&>(const std::string&, json::parser_callback_t, bool,
                                              bool);
template json json::parse<const char*>(const char*, const char*, json::parser_callback_t, bool,
                                       bool);
