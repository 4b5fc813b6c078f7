// The command line of smc-certs.
#include <iostream>
#include <string>

#include "base/command_line.h"
#include "certs/commands.h"

namespace smc::certs {
namespace {

int run(int argc, char** argv) {
  CLI::App app("A certificate authority and serving certificates for the webhook.", "smc-certs");
  app.require_subcommand(1);

  IssueOptions issue;
  CLI::App* issue_app = app.add_subcommand(
      "issue", "write ca.crt, ca.key, tls.crt and tls.key; a good authority there is kept");
  issue_app->add_option("--dir", issue.directory, "where the files go")->capture_default_str();
  issue_app->add_option("--dns", issue.dns, "DNS name of the server; may be repeated");
  issue_app->add_option("--ip", issue.ips, "IP address of the server; may be repeated");
  issue_app->add_flag("--new-ca", issue.new_authority,
                      "make a new authority, also where a good one is there");

  ShowOptions show;
  CLI::App* show_app = app.add_subcommand("show", "describe the certificates in PEM files");
  show_app->add_option("FILE", show.files, "PEM files, chains included")->required();
  show_app->add_flag("--json", show.json, "as one JSON array");

  if (const auto ended = parse_command_line(app, argc, argv)) return exit_status(*ended);
  return issue_app->parsed() ? issue_command(issue, std::cout, std::cerr)
                             : show_command(show, std::cout, std::cerr);
}

}  // namespace
}  // namespace smc::certs

int main(int argc, char** argv) {
  return smc::run_program("smc-certs", [&] { return smc::certs::run(argc, argv); });
}
