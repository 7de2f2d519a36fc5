#include "tracer/stacks/name_frames.h"

#include <utility>

namespace boxtrace::stacks {

void FrameNamer::append_go(const BareFrame& bare, const raw::Frame& frame,
                           std::vector<raw::Frame>& frames) const {
  const GoTable& table = *bare.module->go;
  for (GoPosition& position : table.locate(space_->memory(), *bare.go, bare.within)) {
    raw::Frame& one = frames.emplace_back(frame);
    one.kind = raw::Frame::Kind::Go;
    one.function = std::move(position.function);
    one.function_offset = position.inlined ? 0 : bare.pc - bare.go->entry;
    one.file = std::move(position.file);
    one.line = position.line;
    one.inlined = position.inlined;
  }
}

void FrameNamer::name_native(const BareFrame& bare, raw::Frame& frame) const {
  const Module& module = *bare.module;
  const std::uint64_t bias = module.image.bias;
  const SymbolTable& symbols = space_->cache().symbols(space_->memory(), space_->files(), module);
  std::uint64_t start = bare.function;
  if (const auto symbol = symbols.find(bare.within - bias)) {
    frame.function = demangle(symbol->name);
    start = symbol->start + bias;
  } else if (start != 0 && start == module.image.entry) {
    frame.function = "_start";
  } else if (start != 0 &&
             start == space_->cache().main_function(space_->memory(), module) + bias) {
    frame.function = "main";
  }
  if (start != 0 || !frame.function.empty()) {
    frame.kind = raw::Frame::Kind::C;
    frame.function_offset = frame.function.empty() ? 0 : bare.pc - start;
  }
}

void FrameNamer::append(const BareFrame& bare, std::vector<raw::Frame>& frames) const {
  raw::Frame frame;
  frame.pc = {bare.pc};
  frame.offset = bare.pc;
  frame.guessed = bare.guessed;
  if (bare.module == nullptr) {
    if (const base::MemoryMapping* const mapping = space_->mapping(bare.within)) {
      frame.module = mapping->path;
      frame.offset = bare.pc - mapping->begin + mapping->offset;
    }
    frames.push_back(std::move(frame));
    return;
  }
  frame.module = bare.module->first.path;
  frame.build_id = bare.module->image.build_id;
  frame.offset = bare.pc - bare.module->image.bias;
  if (bare.go) {
    append_go(bare, frame, frames);
    return;
  }
  name_native(bare, frame);
  frames.push_back(std::move(frame));
}

}  // namespace boxtrace::stacks
