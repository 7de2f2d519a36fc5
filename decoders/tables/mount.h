#pragma once

#include "decoders/constants.h"

namespace boxtrace::decoders {

extern const ConstantTable kMountFlags;         ///< mount(2)
extern const ConstantTable kUmountFlags;        ///< umount2(2)
extern const ConstantTable kMountAttributes;    ///< fsmount(2), mount_setattr(2)
extern const ConstantTable kPropagation;        ///< the field of struct mount_attr
extern const ConstantTable kMoveMountFlags;     ///< move_mount(2)
extern const ConstantTable kOpenTreeFlags;      ///< open_tree(2), AT_* flags included
extern const ConstantTable kMountSetattrFlags;  ///< the AT_* flags of mount_setattr(2)
extern const ConstantTable kFsopenFlags;        ///< fsopen(2)
extern const ConstantTable kFspickFlags;        ///< fspick(2)
extern const ConstantTable kFsmountFlags;       ///< fsmount(2)
extern const ConstantTable kFsconfigCommands;   ///< fsconfig(2)
extern const ConstantTable kStatmountMask;      ///< what statmount(2) is asked for
extern const ConstantTable kStatmountFlags;     ///< statmount(2)'s own flags
extern const ConstantTable kListmountFlags;     ///< listmount(2)

}  // namespace boxtrace::decoders
