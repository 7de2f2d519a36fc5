// boxrun, the OCI runtime that comes with boxtrace.

#include "runtime/commands/program.h"

int main(int argc, char** argv) {
  return boxrun::commands::run_program(argc, argv, BOXRUN_VERSION);
}
