"""What may still be taken of memory: the machine's, or what a container's groups leave, whichever is less."""

import pytest

from glmm_bayes.core.free_memory import free_memory

GB = 2**30


@pytest.fixture
def machine(tmp_path):
    """Write the files of a machine with 16 GB free."""

    def write(path, text):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    write("proc/meminfo", f"MemTotal: 33554432 kB\nMemAvailable: {16 * 1024**2} kB\n")
    return tmp_path, write


def test_without_groups_it_is_what_the_machine_has(machine):
    assert free_memory(machine[0]) == 16 * GB


def test_without_a_word_it_is_none(tmp_path):
    assert free_memory(tmp_path) is None


@pytest.mark.parametrize("folder", ["", "a", "a/b"])
def test_the_second_version_limits_at_any_depth(machine, folder):
    root, write = machine
    write("proc/self/cgroup", "0::/a/b\n")
    for group in ("", "a", "a/b"):
        write(f"sys/fs/cgroup/{group}/memory.max", "max\n")
    group = f"sys/fs/cgroup/{folder}"
    write(f"{group}/memory.max", f"{4 * GB}\n")
    write(f"{group}/memory.current", f"{3 * GB}\n")
    write(f"{group}/memory.stat", f"anon 1\ninactive_file {GB}\n")
    assert free_memory(root) == 2 * GB


@pytest.mark.parametrize("folder", ["", "docker/x"])
def test_the_first_version_limits(machine, folder):
    root, write = machine
    write("proc/self/cgroup", "9:name=systemd:/\n5:cpu,memory:/docker/x\n0::/\n")
    group = f"sys/fs/cgroup/memory/{folder}"
    write(f"{group}/memory.limit_in_bytes", f"{2 * GB}\n")
    write(f"{group}/memory.usage_in_bytes", f"{GB}\n")
    assert free_memory(root) == GB


def test_a_limit_above_the_machine_is_none(machine):
    root, write = machine
    write("proc/self/cgroup", "4:memory:/\n")
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write("sys/fs/cgroup/memory/memory.usage_in_bytes", f"{GB}\n")
    assert free_memory(root) == 16 * GB


def test_a_full_container_has_nothing_left(machine):
    root, write = machine
    write("proc/self/cgroup", "0::/\n")
    write("sys/fs/cgroup/memory.max", f"{GB}\n")
    write("sys/fs/cgroup/memory.current", f"{2 * GB}\n")
    assert free_memory(root) == 0
