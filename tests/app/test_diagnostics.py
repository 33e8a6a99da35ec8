"""The report says what helps, and nothing of whose computer it is or what was made on it."""

from __future__ import annotations

import ast
import getpass
import importlib.metadata
import json
import logging
import platform
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kandinsky_studio import cli, diagnosing, log, paths
from kandinsky_studio.app import log_excerpt
from kandinsky_studio.app.diagnosis import NO_ANSWER, Seen, diagnose
from kandinsky_studio.app.diagnostics import Diagnostics
from kandinsky_studio.app.messages import Messages, described
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.app.scrubbing import Scrubber
from kandinsky_studio.app.worker import EngineWorker
from kandinsky_studio.engine.models import spec_of
from kandinsky_studio.errors import FileMissing
from kandinsky_studio.runtime.card import Card, Sight
from kandinsky_studio.storage import notices, preferences
from kandinsky_studio.storage.notices import Notice
from kandinsky_studio.storage.preferences import Preferences

PROMPT = "vermilion axolotl astronaut"
NEGATIVE = "blurry chartreuse"
DOCUMENT = "Angebot für Zenobia Ltd.ora"
FOLDER = "Geheime Kunden"
PASSWORD = "hunter2swordfish"
USER = "xanthippe"
COMPUTER = "quokka-station"
MODEL_FOLDER = "my-own-lora-of-mother"
SECRETS = (
    *PROMPT.split(),
    "chartreuse",
    *("Angebot", "Zenobia", ".ora"),
    *("Geheime", "Kunden", "%20Kunden"),
    *(PASSWORD, USER, COMPUTER, "quokka"),
    *(MODEL_FOLDER, "lora", "mirror.example", "secretsuite"),
)


@pytest.fixture(autouse=True)
def closed_log():
    yield
    log.stop()


@pytest.fixture
def lived_in(tmp_path, monkeypatch):
    """A computer of somebody who has worked with the program for a while; returns the preferences."""
    home = tmp_path / "home" / USER
    private = home / FOLDER
    for folder in (private, paths.journals(), paths.library(), paths.models() / MODEL_FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
    for name, value in {
        "HOME": home,
        "USERPROFILE": home,
        "USER": USER,
        "USERNAME": USER,
        "HOSTNAME": COMPUTER,
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(getpass, "getuser", lambda: USER)
    monkeypatch.setattr(platform, "node", lambda: f"{COMPUTER}.secretsuite.lan")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", f"/{FOLDER}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", PASSWORD)
    (private / DOCUMENT).write_text(PROMPT)
    (paths.journals() / f"{DOCUMENT}.journal").write_text(PROMPT)
    (paths.library() / f"{PROMPT}.png").write_bytes(b"")
    (paths.models() / MODEL_FOLDER / "model.safetensors").write_bytes(b"weights")
    values = Preferences(
        model=str(private / MODEL_FOLDER),
        recent_files=[str(private / DOCUMENT)],
        last_folder=str(private),
        depth_folder=str(private),
        hub_address="https://mirror.example/hub",
        proxy=f"http://{USER}:{PASSWORD}@mirror.example:8080",
        recent_commands=["generation.generate"],
        key_changes={"studio": {"file.save": [f"/{FOLDER}"]}},
        deliveries={str(private): ["text"], "kandinsky-2.2": ["text"]},
        last_request=spec_of("builtin").request(PROMPT, negative_prompt=NEGATIVE),
        others={"plugin": PROMPT},
    )
    preferences.save(values)
    _write_log(private)
    return values


def _write_log(private):
    """Everything that the log could hold if each of its lines went wrong."""
    log.start()
    ours = logging.getLogger("kandinsky_studio.app.files")
    ours.info("drawing %s", PROMPT)
    ours.warning("%s can't be read: %s", private / DOCUMENT, f"no such file {private / DOCUMENT}")
    ours.warning("the preference %s is back at its default", f"{PROMPT} of {USER}")
    ours.warning("ended by %s", USER.capitalize())
    ours.error("unforeseen\n%s\n%s\n  %s", PROMPT, private / DOCUMENT, NEGATIVE)
    try:
        try:
            raise ValueError(f'“{PROMPT}” has too many words\nFile "{private}/cat.py", line 3, in {USER}')
        except ValueError as error:
            raise RuntimeError(f"file:///home/{USER}/{FOLDER}/{DOCUMENT}".replace(" ", "%20")) from error
    except RuntimeError as error:
        ours.exception("a thumbnail could not be made")
        ours.error("%s", error)
        described(error)
    try:
        raise OSError(f"no room for\nZenobia: {DOCUMENT}")  # its last line looks like the name of an error
    except OSError:
        ours.exception("unforeseen")
    described(FileMissing(file=private / DOCUMENT))
    logging.getLogger("kandinsky_studio.cli").warning("ended by %s", "BrokenPicture")


def _leaks(text):
    low = text.casefold()
    return [secret for secret in SECRETS if secret.casefold() in low]


def _absolute(text):
    return re.findall(r"(?<![\w.…)~])/\w[\w./-]*|[A-Z]:\\\S+", text)


def test_nothing_of_the_users_is_in_the_report(lived_in):
    report = diagnose(Seen(lived_in))
    for text in (report.text, json.dumps(report.to_json(), ensure_ascii=False)):
        assert not _leaks(text)
        assert not _absolute(text)
        assert str(Path.home()) not in text


def test_the_planted_secrets_are_where_the_report_looks(lived_in):
    """Or the test above would find nothing because there is nothing."""
    written = log.file().read_text(encoding="utf-8")
    assert set(_leaks(written)) >= {"axolotl", "Angebot", "Geheime", USER}
    assert set(_leaks((paths.config() / "preferences.json").read_text())) >= {"axolotl", "Zenobia", PASSWORD, USER}


def test_the_command_tells_no_more(lived_in, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(diagnosing, "_devices", lambda: (("cpu", "some processor"),))
    file = tmp_path / "report.txt"
    assert cli.main(["diagnostics"]) == 0
    shown = capsys.readouterr().out
    assert cli.main(["diagnostics", "--report", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert cli.main(["diagnostics", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["Graphics and engine"]["cpu"] == "some processor"
    for text in (shown, file.read_text(encoding="utf-8"), json.dumps(told, ensure_ascii=False)):
        assert "some processor" in text
        assert not _leaks(text)


def test_the_report_says_what_helps(lived_in):
    told = diagnose(Seen(lived_in)).to_json()
    assert told["Program"]["version"]
    assert re.fullmatch(r"3\.\d+\.\d+, (32|64) bits, \w+", told["Program"]["Python"])
    assert told["Graphics and engine"]["devices"] == NO_ANSWER
    assert told["Models"]["kandinsky-2.2"] == "not here"
    assert told["Models"]["other folders of models"] == "1"
    assert told["Preferences"]["proxy"] == "set"
    assert told["Preferences"]["model"] == "one from a folder"
    assert told["Preferences"]["waiting downloads"] == "kandinsky-2.2"
    assert told["System"]["CUDA_VISIBLE_DEVICES"] == "set"
    assert re.fullmatch(r"[\d.]+ GB free of [\d.]+ GB", told["Memory and disks"]["disk of library"])
    assert re.match(r"\d+\.\d+", told["Libraries"]["torch"])


def test_of_the_log_it_tells_where_and_what_class(lived_in):
    lines = [re.sub(r"^[\d-]+ [\d:]+ ", "", line) for line in log_excerpt.excerpt()]
    assert lines[0].startswith("INFO kandinsky_studio: version ")
    assert "INFO kandinsky_studio.app.files: (left out)" in lines
    place = lines.index("ERROR kandinsky_studio.app.files: a thumbnail could not be made")
    assert re.fullmatch(r"    .+:\d+ in _write_log", lines[place + 1])
    assert "    RuntimeError" in lines
    assert "ERROR kandinsky_studio.app.messages: an error was shown" in lines
    assert lines[-1] == "WARNING kandinsky_studio.cli: ended by BrokenPicture"


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        ("/home/x/venv/lib/python3.11/site-packages/torch/nn/module.py", "site-packages/torch/nn/module.py"),
        ("/opt/studio/_internal/kandinsky_studio/app/files.py", "kandinsky_studio/app/files.py"),
        ("kandinsky_studio/app/files.py", "kandinsky_studio/app/files.py"),
        (r"C:\Users\x\Studio\runtime\cpu\lib\torch\serialization.py", "runtime/cpu/lib/torch/serialization.py"),
        ("diffusers/models/unet.py", "diffusers/models/unet.py"),
        ("secret/models/unet.py", "(elsewhere)"),
        ("/usr/lib/python3.11/json/decoder.py", "python3.11/json/decoder.py"),
        ("/home/x/my work/kandinsky_studio notes/plan.py", "(elsewhere)"),
        ("/home/x/secret.py", "(elsewhere)"),
    ],
)
def test_a_frame_is_told_from_the_library_on(tmp_path, frame, shown):
    file = tmp_path / "a.log"
    file.write_text(
        f'2026-01-02 03:04:05,678 ERROR kandinsky_studio.cli: unforeseen\nTraceback (most recent call last):\n  File "{frame}", '
        'line 7, in work\n    paint("a secret")\n    ~~~~~^^^^^^\ntorch.cuda.OutOfMemoryError: a secret\n'
    )
    assert log_excerpt.excerpt(file) == [
        "2026-01-02 03:04:05 ERROR kandinsky_studio.cli: unforeseen",
        f"    {shown}:7 in work",
        "    torch.cuda.OutOfMemoryError",
    ]


def test_of_a_module_that_is_missing_the_name_is_told(tmp_path):
    file = tmp_path / "a.log"
    lines = [
        "2026-01-02 03:04:05,678 ERROR kandinsky_studio.cli: unforeseen",
        '  File "kandinsky_studio/cli.py", line 7, in main',
        '  File "<frozen importlib._bootstrap>", line 1204, in _gcd_import',
        '  File "PyInstaller/loader/pyimod02_importers.py", line 457, in exec_module',
        "ModuleNotFoundError: No module named 'isal.zlib'",
    ]
    file.write_text("\n".join(lines))
    assert log_excerpt.excerpt(file)[1:] == ["    kandinsky_studio/cli.py:7 in main", f"    {lines[-1]}"]
    file.write_text("\n".join([*lines[:-1], "ModuleNotFoundError: No module named 'a cat'"]))
    assert log_excerpt.excerpt(file)[-1] == "    ModuleNotFoundError"


def test_a_log_that_goes_on_for_long_is_told_from_its_end(tmp_path):
    file = tmp_path / "a.log"
    lines = [f"2026-01-02 03:04:{n % 60:02},000 WARNING kandinsky_studio.m{n}: unforeseen" for n in range(20_000)]
    file.write_text("\n".join(lines))
    told = log_excerpt.excerpt(file)
    assert len(told) == log_excerpt.MOST
    assert told[-1].endswith("kandinsky_studio.m19999: unforeseen")
    assert log_excerpt.excerpt(tmp_path / "none.log") == []


def test_starts_that_say_nothing_else_are_told_once(tmp_path):
    file = tmp_path / "a.log"
    file.write_text("".join(f"2026-01-02 03:04:0{n},000 INFO kandinsky_studio: unforeseen\n" for n in range(5)))
    assert log_excerpt.excerpt(file) == ["2026-01-02 03:04:04 INFO kandinsky_studio: unforeseen"]


def _calls_of_the_log():
    """What the code writes into the log: each sentence, and what is put into it."""
    for file in Path(log.__file__).parent.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if not re.search(r"(log\w*|root|\))\.(info|warning|error|exception)\(", text):
            continue
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            owner, first = ast.unparse(node.func.value), node.args[0]
            logs = node.func.attr in ("info", "warning", "error", "exception") and re.search(r"log|root", owner)
            if logs:
                yield ast.unparse(first).strip("\"'"), tuple(ast.unparse(value) for value in node.args[1:])


def test_every_sentence_of_the_log_may_pass():
    """One that is missing in ``SENTENCES`` would be left out of reports for nothing."""
    assert {sentence for sentence, values in _calls_of_the_log() if not values} == log_excerpt.SENTENCES


def test_what_is_put_into_sentences_of_the_log_is_the_programs_own():
    """No message of an error, no path, nothing that was typed: who adds to this list has thought about it."""
    assert {(sentence, values) for sentence, values in _calls_of_the_log() if values} == {
        ("version %s, Python %s, %s", ("__version__", "sys.version.split()[0]", "platform.platform()")),
        ("ended by %s", ("type(error).__name__",)),
        ("self-test: %s", ("name",)),
        ("the preference %s is back at its default", ("name",)),
        ("%d files in the library are no pictures of ours", ("refused",)),
    }


SCRUBBER = {"homes": ["/home/ada", r"C:\Users\Ada Byron"], "users": ["ada", "Ada Byron"], "computers": ["engine-1"]}


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("see /home/ada", "see ~"),
        ("see /home/ada/Pictures/a cat.png", "see ~/…"),
        ("see “/home/ada/Pictures/a cat.png” there", "see “~/…” there"),
        (r"see C:\Users\Ada Byron\cat.png", "see ~/…"),
        (r"see C:\\Users\\Ada Byron\\cat.png", "see ~/…"),
        ("see C:/Users/Ada Byron/cat.png. Choose another.", "see ~/…. Choose another."),
        ("at /home/ada%20x", "at (a folder)"),
        ("at /home/adamant/cat.png", "at (a folder)"),
        ("at /media/my stick/cat.png", "at (a folder)"),
        (r"at D:\my art\cat.png", "at (a folder)"),
        (r"at \\server\share\cat.png", "at (a folder)"),
        ("at file:///home/ada/cat.png", "at (a folder)"),
        ("for Ada on ENGINE-1", "for (user) on (computer)"),
        ("adapter, engine-10, Canada", "adapter, engine-10, Canada"),
        ("http://ada:pass@host/x", "http://host/x"),
        ("to ada.byron@example.org now", "to (user) now"),
        ("and/or, 1/2, 12 / 24, CUDA 13.0/cu130", "and/or, 1/2, 12 / 24, CUDA 13.0/cu130"),
    ],
)
def test_the_scrubber(text, scrubbed):
    assert Scrubber(**SCRUBBER).scrubbed(text) == scrubbed


def test_the_programs_folders_are_told_by_what_they_are_for(tmp_path, monkeypatch):
    paths.keep_models_in(tmp_path / "big disk")
    scrubbed = Scrubber().scrubbed
    assert scrubbed(f"in {paths.library()}") == "in (library)"
    assert scrubbed(f"in {paths.library()}/2026/a cat.png") == "in (library)/…"
    assert scrubbed(f"in {tmp_path / 'big disk'}") == "in (models)"
    assert scrubbed(f"in {paths.config()}") == "in (config)"


# ---------------------------------------------------------------------- while the window works


class _Told(list):
    def text(self):
        return self[-1].text if self else ""


@pytest.fixture
def told(studio):
    """The reports of the studio's diagnostics."""
    reports = _Told()
    studio.diagnostics.told.connect(reports.append)
    return reports


def test_the_engines_answer_comes_after(studio, told, qtbot):
    studio.diagnostics.collect()
    qtbot.waitUntil(lambda: "computes on" in told.text(), timeout=20_000)
    assert NO_ANSWER not in told.text()
    assert "ready, builtin" in told.text()
    assert "platform" in told[-1].to_json()["Screens"]


def test_a_busy_engine_is_not_waited_for(studio, told, fake_engine, qtbot):
    fake_engine.hold.clear()
    studio.settings.set(prompt=PROMPT)
    studio.generation.generate()
    qtbot.waitUntil(lambda: bool(fake_engine.requests))
    studio.diagnostics.collect()
    qtbot.waitUntil(lambda: bool(told))
    assert NO_ANSWER in told.text()
    assert not _leaks(told.text())
    studio.diagnostics.forget()
    with qtbot.waitSignal(studio.worker.finished, timeout=5000):
        fake_engine.hold.set()
    studio.diagnostics.collect()
    qtbot.waitUntil(lambda: "computes on" in told.text(), timeout=20_000)
    assert len(told) == 3


def test_a_dead_engine_is_told(qapp, qtbot):
    messages, worker = Messages(), EngineWorker()  # whose thread nobody started
    remembering = Remembering(messages, keeps=False)
    diagnostics, told = Diagnostics(worker, remembering, messages), _Told()
    diagnostics.told.connect(told.append)
    diagnostics.collect()
    qtbot.waitUntil(lambda: bool(told))
    diagnostics.close()
    remembering.close()
    assert "not started" in told.text()
    assert NO_ANSWER in told.text()


def test_a_packaged_program_knows_versions_from_its_notices(monkeypatch, tmp_path):
    (tmp_path / notices.FILE_NAME).write_bytes(notices.written([Notice("Psd_Tools", "7.7", "MIT")]))
    monkeypatch.setattr(paths, "frozen", lambda: True)
    monkeypatch.setattr(paths, "program", lambda: tmp_path)
    missing = importlib.metadata.PackageNotFoundError()
    monkeypatch.setattr(importlib.metadata, "version", lambda _: (_ for _ in ()).throw(missing))
    told = diagnose(Seen(Preferences())).to_json()
    assert told["Libraries"]["psd-tools"] == "7.7"
    assert told["Libraries"]["torch"] == "not told"
    assert told["Program"]["kind"] == "installed program"


@pytest.mark.parametrize(
    ("sight", "said"),
    [
        (Sight(), "none"),
        (Sight(silent=True), "there is one, but its driver does not answer"),
        (Sight((Card("GeForce", "580.1", 12_000_000_000, (8, 6)),)), "GeForce, driver 580.1, 12.0 GB, capability 8.6"),
        (Sight((Card("GeForce", "470", 8_000_000_000),)), "GeForce, driver 470, 8.0 GB"),
    ],
)
def test_a_card_that_torch_does_not_see_is_told(monkeypatch, sight, said):
    monkeypatch.setattr("kandinsky_studio.runtime.card.look", lambda _: sight)
    assert diagnose(Seen(Preferences())).to_json()["Graphics and engine"]["NVIDIA card"] == said


def test_a_driver_that_hangs_does_not_hold_up_the_end(studio, monkeypatch):
    waits = threading.Event()

    def look(check_wanted):
        waits.set()
        while True:
            check_wanted()
            time.sleep(0.01)

    monkeypatch.setattr("kandinsky_studio.runtime.card.look", look)
    studio.diagnostics.collect()
    assert waits.wait(10)
    start = time.monotonic()
    studio.diagnostics.close()
    assert time.monotonic() - start < 5


def test_a_hole_in_the_report_is_told(monkeypatch):
    def broken():
        raise OSError(f"/media/{FOLDER} is gone")

    monkeypatch.setattr(paths, "models", broken)
    monkeypatch.setattr("kandinsky_studio.app.scrubbing._FOLDERS", {})
    told = diagnose(Seen(Preferences())).to_json()
    assert told["Memory and disks"] == {"could not be looked at": "OSError"}
    assert told["Program"]["version"]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ('print(\'[["cpu", "some processor"]]\')', "some processor"),
        ("import os, signal; os.kill(os.getpid(), 9)", "the engine ended with"),
        ("print('no json')", "could not be looked at"),
        ("import time; time.sleep(60)", "no answer in"),
    ],
)
def test_a_torch_that_crashes_does_not_take_the_report_with_it(monkeypatch, tmp_path, program, said):
    monkeypatch.setattr(diagnosing, "_PATIENCE", 1.5)
    script = tmp_path / "program.py"
    script.write_text(program)
    real = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **given: real([sys.executable, str(script)], **given))
    ((_, value),) = diagnosing._devices()
    assert value.startswith(said)
