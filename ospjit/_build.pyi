# Types of the module that is generated when the package is built (cmake/write_build_module.py).

LIB_DIR: str
BUILD_ID: str
COMPILER: str
