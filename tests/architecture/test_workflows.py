"""What runs on the project's behalf elsewhere: nothing that could be swapped, no right too many, no path that is gone."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SYSTEMS = ["ubuntu-22.04", "windows-2022"]
PYTHONS = ["3.11", "3.12", "3.13"]

# Only these may do more than read, and that only as named.
RIGHTS = {
    ("release.yml", "packs"): {"id-token": "write"},
    ("release.yml", "windows"): {"id-token": "write"},
    ("release.yml", "draft"): {
        "actions": "read",
        "attestations": "write",
        "contents": "write",
        "id-token": "write",
    },
}


def _read(path):
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    told["on"] = told.pop(True)  # what YAML makes of the word “on”
    return told


def _steps():
    for path in WORKFLOWS:
        for name, job in _read(path)["jobs"].items():
            for step in job.get("steps", []):
                yield f"{path.name}, {name}", step


def _scripts():
    return [(place, step["run"]) for place, step in _steps() if "run" in step]


def test_there_are_both_workflows():
    assert [path.name for path in WORKFLOWS] == ["release.yml", "tests.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_does_not_go_on_for_ever(path):
    told = _read(path)
    assert told["permissions"] == {"contents": "read"}
    assert told["concurrency"]["group"]
    assert "pull_request_target" not in told["on"]
    for name, job in told["jobs"].items():
        rights = dict(job.get("permissions", {}))
        wanted = RIGHTS.get((path.name, name), {})
        assert rights == ({"contents": "read"} | wanted if wanted else {}), name
        assert "uses" in job or job["timeout-minutes"] <= 180, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_others_made_is_pinned_by_its_hash(path):
    lines = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert lines
    for line in lines:
        if not line.startswith("./"):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_version_of_each_action():
    used = {step["uses"] for _, step in _steps() if "uses" in step}
    names = [use.partition("@")[0] for use in used]
    assert sorted(names) == sorted(set(names))


def test_what_is_downloaded_is_compared_with_its_hash():
    for place, script in _scripts():
        downloads = script.count("--output")
        if "curl" in script or "wget" in script:
            assert script.index("sha256sum --check --strict") > script.rindex("curl"), place
            assert downloads == script.count("_SHA256"), place
    hashes = [value for _, step in _steps() for name, value in step.get("env", {}).items() if name.endswith("_SHA256")]
    assert hashes
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in hashes)


def test_what_pip_fetches_for_a_release_is_compared_with_its_hash():
    """But for what the build for CUDA brings; ``freezing.environment`` does the same for the program."""
    calls = [line for place, script in _scripts() for line in script.splitlines() if "pip install" in line]
    assert calls
    loose = [call for call in calls if "--require-hashes" not in call and "--no-index" not in call]
    assert [call.partition("PIP_EXTRA_INDEX_URL=")[2].partition(" ")[0] for call in loose] == ['"$WITH_CUDA"']
    assert all("--no-deps" in call for call in calls if call not in loose)


def test_the_checkout_leaves_no_password_behind():
    checkouts = [step for _, step in _steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_nothing_of_an_event_is_put_into_a_script():
    """A tag or a title could hold a command; scripts get such things as variables."""
    for place, script in _scripts():
        assert "${{" not in script, place


def test_the_tests_run_on_every_system_with_every_python():
    job = _read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["tests"]
    assert job["strategy"]["matrix"] == {"system": SYSTEMS, "python": PYTHONS}
    assert job["strategy"]["fail-fast"] is False
    script = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    assert "python start.py\n" in script
    assert "python start.py test" in script


def test_a_release_is_a_draft_of_what_was_tested_and_tried():
    jobs = _read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    needs = {
        name: {*([job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", []))}
        for name, job in jobs.items()
    }
    assert jobs["tests"]["uses"] == "./.github/workflows/tests.yml"
    assert "tests" in needs["packs"]
    assert "packs" in needs["linux"] & needs["windows"]
    assert needs["draft"] >= {"linux", "windows"}
    assert jobs["draft"]["if"] == "github.ref_type == 'tag'"
    scripts = {name: "\n".join(step.get("run", "") for step in job.get("steps", [])) for name, job in jobs.items()}
    assert "gh release create" in scripts["draft"]
    assert "--draft" in scripts["draft"]
    assert "SHA256SUMS" in scripts["draft"]
    for name in ("linux", "windows"):
        assert "self-test" in scripts[name], name
        assert jobs[name]["runs-on"] in SYSTEMS


def test_signing_is_left_out_without_secrets():
    signing = [(place, step) for place, step in _steps() if "azure/" in step.get("uses", "")]
    assert len(signing) >= 4
    for place, step in signing:
        assert "env.SIGNS == 'true'" in step["if"], place


def test_every_program_that_is_called_is_there():
    called = {
        (place, name)
        for place, script in _scripts()
        for name in re.findall(r"(?<![\w./$-])(?:\./)?((?:packaging/)?(?:\w+/)*\w+\.(?:py|ps1))\b", script)
    }
    for place, name in called:
        assert (ROOT / name).is_file(), f"{place}: {name}"
    names = {Path(name).name for _, name in called}
    assert names >= {"start.py", "build.py", "pack.py", "unsigned.ps1", "try_installer.py", "try_deb.py"}


def test_every_step_of_building_that_is_called_is_one():
    tree = ast.parse((ROOT / "packaging" / "build.py").read_text(encoding="utf-8"))
    known = next(node.value.keys for node in tree.body if _defines(node, "STEPS"))
    steps = {step for _, script in _scripts() for step in re.findall(r"packaging/build\.py (\w+)", script)}
    assert steps
    assert steps <= {"base", "all", *map(ast.literal_eval, known)}


def _defines(node, name):
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name
