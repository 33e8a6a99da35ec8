"""What tells whether a package left something behind, and what is on a screen that nobody sees."""

import struct
from pathlib import Path

import numpy as np
import pytest

clean_root = pytest.importorskip("clean_root")


def test_what_is_new_gone_and_other_is_found(tmp_path):
    root = clean_root.CleanRoot(tmp_path)
    for name in ("etc/kept", "etc/lost", "etc/other", "etc/link", "var/lib/dpkg/status"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before", encoding="utf-8")
    before = root.entries()
    assert clean_root.compare(before, root.entries(), []) == clean_root.Differences((), (), ())
    (tmp_path / "etc/lost").unlink()
    (tmp_path / "etc/other").write_text("as large", encoding="utf-8")
    (tmp_path / "etc/link").unlink()
    (tmp_path / "etc/link").symlink_to("kept")
    (tmp_path / "usr/lib/left").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text("after", encoding="utf-8")
    found = clean_root.compare(before, root.entries(), [clean_root.BOOKKEEPING])
    assert found.added == ("usr", "usr/lib", "usr/lib/left")
    assert found.removed == ("etc/lost",)
    assert found.changed == ("etc/link", "etc/other")


@pytest.mark.parametrize("path", ["var/lib/dpkg-other", "etc/ld.so.cache.d", "var/log/kandinsky.log", "var/lib"])
def test_only_the_own_records_of_apt_are_not_looked_at(path):
    assert not clean_root.BOOKKEEPING.fullmatch(path)


def test_packages_come_from_where_this_system_has_them(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb http://a.example old main\ndeb [arch=amd64] http://a.example/x new-security main\ndeb-src http://a.example/x new main\n",
        encoding="utf-8",
    )
    (tmp_path / "sources.list.d" / "b.sources").write_text(
        "Types: deb deb-src\nURIs: http://b.example/y\nSuites: new new-updates newer\nComponents: main contrib\n\n"
        "Types: deb-src\nURIs: http://c.example\nSuites: new\nComponents: main\n",
        encoding="utf-8",
    )
    assert clean_root.own_sources("new", tmp_path) == [
        "deb http://b.example/y new main contrib",
        "deb http://a.example/x new-security main",
        "deb http://b.example/y new-updates main contrib",
    ]
    assert clean_root.own_sources("older", tmp_path) == []


@pytest.mark.parametrize(
    ("own", "mirror", "asked", "kept"),
    [
        (["deb http://b.example/y new main"], None, ["http://b.example/y"], "deb http://b.example/y new main\n"),
        (
            ["deb http://b.example/y new main"],
            "http://c.example",
            ["http://c.example"],
            "deb http://c.example new main\n",
        ),
        ([], None, [], "deb http://debian.example new main\n"),
    ],
)
def test_a_suite_that_this_system_lacks_comes_from_where_debootstrap_knows(
    tmp_path, monkeypatch, own, mirror, asked, kept
):
    root = clean_root.CleanRoot(tmp_path / "root")
    sources = root.folder / "etc/apt/sources.list"

    def outside(*command):
        if "debootstrap" in command:
            assert [*command[-2 - len(asked) :]] == ["new", str(root.folder), *asked]
            (root.folder / "etc/apt/apt.conf.d").mkdir(parents=True)
            sources.write_text("deb http://debian.example new main\n")
        else:
            Path(command[command.index("-cf") + 1]).write_bytes(b"")

    monkeypatch.setattr(clean_root, "own_sources", lambda suite: own)
    monkeypatch.setattr(clean_root, "own_settings", lambda: "")
    monkeypatch.setattr(clean_root, "_outside", outside)
    monkeypatch.setattr(root, "run", lambda *command, **_: "")
    (root.folder / "tmp").mkdir(parents=True)
    root.make("new", mirror, tmp_path / "kept" / "new.tar.zst")
    assert sources.read_text() == kept


@pytest.mark.parametrize("order", [0, 1])
def test_the_dump_of_a_screen_is_read(order):
    from virtual_screen import pixels_of_dump

    rng = np.random.default_rng(7)
    wanted = rng.integers(0, 256, (3, 5, 3), dtype=np.uint8)
    four = np.zeros((3, 5, 4), np.uint8)
    if order:
        four[..., 1:] = wanted
    else:
        four[..., :3] = wanted[..., ::-1]
    rows = np.zeros((3, 24), np.uint8)  # lines are padded
    rows[:, :20] = four.reshape(3, 20)
    fields = [112, 7, 2, 24, 5, 3, 0, order, 32, order, 32, 32, 24, 4, 0, 0, 0, 8, 2, 2, 5, 3, 0, 0, 0]
    dump = struct.pack(">25I", *fields) + b"Xvfb\0\0\0\0\0\0\0\0" + b"\1" * 24 + rows.tobytes()
    np.testing.assert_array_equal(pixels_of_dump(dump), wanted)
    with pytest.raises(ValueError, match="16 bits"):
        pixels_of_dump(dump[:12] + struct.pack(">I", 16) + dump[16:])
