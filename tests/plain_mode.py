"""How tests of densities compile graphs: as they stand, without rewrites, which take most of the time."""

from pytensor.compile.mode import Mode

PLAIN = Mode(linker="py", optimizer=None)
