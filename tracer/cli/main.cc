#include "tracer/cli/verbs.h"

int main(int argc, char** argv) {
  const boxtrace::cli::Arguments words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return boxtrace::cli::run(words);
}
