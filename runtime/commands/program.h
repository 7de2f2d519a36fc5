#pragma once
// The command line as a whole.

namespace boxrun::commands {

/// Parses, sets up the log and runs the verb. @returns boxrun's exit status.
int run_program(int argc, char** argv, const char* version);

}  // namespace boxrun::commands
