"""What holds for the repository as a whole: its locks, its image, its make targets, its habits."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import ROOT

LOCKS = sorted(ROOT.glob("requirements*.lock"))
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program at the root of the repository, in an environment of its own."""
    base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        command, cwd=ROOT, env=base | environment, capture_output=True, text=True, check=False
    )


def tracked_files(*patterns: str) -> list[Path]:
    """Files under version control; where there is none, such as in a source archive, skip."""
    listing = run("git", "ls-files", "-z", "--", *patterns)
    if listing.returncode != 0:
        pytest.skip("not a checkout")
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in files if path.is_file()]


def read_texts(*patterns: str) -> dict[str, str]:
    """The tracked files that are text, by their path in the repository."""
    texts = {}
    for path in tracked_files(*patterns):
        content = path.read_bytes()
        if b"\0" not in content:
            texts[path.relative_to(ROOT).as_posix()] = content.decode("utf-8", "replace")
    return texts


def find_everywhere(pattern: str) -> list[str]:
    """Each place in a tracked text that matches, as `path: match`."""
    return [
        f"{path}: {match[0]}"
        for path, text in read_texts().items()
        for match in re.finditer(pattern, text)
    ]


def pins(lock: Path) -> list[tuple[Requirement, str]]:
    """The requirements of a lock file, each with all the text that belongs to it."""
    entries = re.findall(r"^([^\s#].*(?:\n[ \t]+.*)*)", lock.read_text("utf-8"), re.MULTILINE)
    return [(Requirement(re.split(r"\s*\\\n|\s--", entry)[0]), entry) for entry in entries]


def compose_service(name: str) -> str:
    """The part of docker-compose.yml that describes one service."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    blocks = dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n|  #.*\n)+)", text, re.MULTILINE))
    return str(blocks[name])


# --- nothing that belongs to one machine -----------------------------------------------------


def test_no_file_names_a_package_registry() -> None:
    hosts = ["py" + "pi.org", "python" + "hosted", "npm" + "js.", "debian" + ".org", "gh" + "cr.io"]

    assert find_everywhere("|".join(map(re.escape, hosts))) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    folders = "|".join(["wo" + "rk", "ro" + "ot", "Us" + "ers", "ho" + "me"])

    assert find_everywhere(rf"(?<![\w./*-])/(?:{folders})/\w+") == []


def test_no_tracked_file_holds_settings_or_secrets_of_one_installation() -> None:
    names = {path.name for path in tracked_files()}

    assert not names & {".env", "secret", "uv.lock", "pylock.toml", ".pypirc", "pip.conf"}


# --- locks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_is_pinned_with_a_hash_and_without_an_address(lock: Path) -> None:
    locked = pins(lock)

    assert locked
    for requirement, entry in locked:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert "://" not in lock.read_text("utf-8")


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {
        "requirements.lock": project["dependencies"],
        "requirements-test.lock": project["dependencies"]
        + project["optional-dependencies"]["test"],
    }

    for lock, wishes in asked.items():
        locked = {
            (requirement.name.lower(), str(requirement.specifier).removeprefix("=="))
            for requirement, _ in pins(ROOT / lock)
        }
        for wish in map(Requirement, wishes):
            found = [Version(version) for name, version in locked if name == wish.name.lower()]
            assert found, f"{lock} lacks {wish.name}: run make lock"
            assert all(version in wish.specifier for version in found), f"{wish}: run make lock"


def test_tests_run_on_the_very_versions_that_are_shipped() -> None:
    shipped = {entry for _, entry in pins(ROOT / "requirements.lock")}
    tested = {entry for _, entry in pins(ROOT / "requirements-test.lock")}

    assert shipped <= tested


# --- make and CI -----------------------------------------------------------------------------


def test_every_make_target_has_a_line_of_help() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", text, re.MULTILINE)
    assert phony is not None
    named = set(phony[1].replace("\\", "").split())
    explained = set(re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE))
    written = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))

    assert named == explained == written


def test_make_alone_lists_the_targets() -> None:
    listing = run("make", "--no-print-directory")

    assert {"make run", "make test", "make check"} <= {
        line.partition("  ")[0] for line in listing.stdout.splitlines()
    }


def test_ci_has_one_executable_entry_point() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert re.search(r"^make .*check test", script.read_text("utf-8"), re.MULTILINE)
    assert run("bash", "-n", str(script)).returncode == 0


# --- image and compose file ------------------------------------------------------------------


def test_the_image_runs_without_root_from_locked_packages_and_says_how_it_is() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    final = text[text.rindex("\nFROM ") :]

    assert re.search(r"^USER (?!root\b|0\b)\S+", final, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*livez", final, re.MULTILINE)
    assert "--require-hashes -r requirements.lock" in text
    assert " install " not in final.replace("install -d", ""), "the final stage installs nothing"


@pytest.mark.parametrize("service", ["desk", "postgres", "valkey"])
def test_each_composed_service_is_confined_and_watched(service: str) -> None:
    lines = compose_service(service).splitlines()

    assert "    read_only: true" in lines
    assert "    healthcheck:" in lines
    assert "      - no-new-privileges:true" in lines
    assert "      - ALL" in lines[lines.index("    cap_drop:") :]
    user = next(line for line in lines if line.startswith("    user: "))
    assert not re.search(r"root|\b0\b", user)


def test_the_nightly_retraining_is_confined_asked_for_and_gives_way() -> None:
    lines = compose_service("retrain").splitlines()

    for line in ("    read_only: true", "      - no-new-privileges:true", "    profiles:"):
        assert line in lines
    assert "      - ALL" in lines[lines.index("    cap_drop:") :]
    assert "    cpu_shares: 128" in lines
    assert any("comment-desk retrain --promote --reason nightly" in line for line in lines)


def test_only_the_service_itself_is_reachable_from_outside() -> None:
    assert "    ports:" in compose_service("desk")
    assert "      - outside" in compose_service("desk")
    for service in ("retrain", "postgres", "valkey"):
        assert "ports:" not in compose_service(service)
        assert "outside" not in compose_service(service)


def test_secrets_come_from_the_environment_and_are_required() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    secrets = re.findall(r"^ +(\w*(?:SECRET|TOKEN|PASSWORD)): (.*)$", text, re.MULTILINE)

    assert {name for name, _ in secrets} >= {"COMMENT_DESK_SECRET", "COMMENT_DESK_METRICS_TOKEN"}
    for name, value in secrets:
        assert re.fullmatch(r'"\$\{\w+:\?[^}]+\}"', value), name
    assert re.search(r'DATABASE_URL: "postgresql://\w+:\$\{POSTGRES_PASSWORD:\?', text)


def test_the_example_environment_names_every_variable_and_gives_no_secret_away() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )

    assert set(example) == wanted
    assert not any(example[name] for name in wanted if re.search("SECRET|TOKEN|PASSWORD", name))


def test_docker_compose_understands_the_compose_file() -> None:
    program = shutil.which("docker-compose")
    if program is None and not os.environ.get("CI"):
        pytest.skip("docker-compose is not installed")
    assert program is not None, "docker-compose is not installed"
    wanted = re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text("utf-8"))
    command = (program, "--env-file", ".env.example", "config", "-q")

    good = run(*command, **dict.fromkeys(wanted, "x" * 40))
    bare = run(*command)

    assert good.returncode == 0, good.stderr
    assert bare.returncode != 0, "it starts without its secrets"


def test_the_wheel_brings_the_models_and_every_file_of_the_service(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    wanted = {
        path.relative_to(ROOT).as_posix().replace("models/", "service/_models/", 1)
        for path in tracked_files("service", "models")
    }

    built = run(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)
    )  # fmt: skip

    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        assert wanted - set(wheel.namelist()) == set()


# --- papers ----------------------------------------------------------------------------------


def test_the_papers_a_project_owes_its_readers_are_there() -> None:
    for name in ("LICENSE", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        assert len((ROOT / name).read_text("utf-8")) > 200, name
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")

    assert [path.name[:4] for path in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]
    for path in DECISIONS:
        title = path.read_text("utf-8").partition("\n")[0].partition(" · ")[2]
        assert f"| [{path.name[:4]}]({path.name}) | {title} |" in index


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_what_and_what_else_on_one_page(path: Path) -> None:
    text = path.read_text("utf-8")

    headings = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text.split()) <= 400
