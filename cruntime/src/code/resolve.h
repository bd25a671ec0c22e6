/* resolve.h - addresses of what loaded code calls but does not define. */
#ifndef OSP_CODE_RESOLVE_H
#define OSP_CODE_RESOLVE_H

#include "loader.h"

/* The address of a function: of this library if its name says so, else as the surroundings say, else of the C library,
 * its mathematical part or the unwinder. NULL: nobody has it. */
void *osp__resolve(const char *name, const struct osp_code_surroundings *surroundings);

#endif
