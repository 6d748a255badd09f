import subprocess

from lightning_v2.provenance import commit, provenance


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_commit_and_changes(tmp_path):
    assert commit(tmp_path) is None
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "first")
    clean = commit(tmp_path)
    assert len(clean) == 12
    (tmp_path / "new").write_text("")
    assert commit(tmp_path) == f"{clean}+changes"


def test_names_versions_and_machine(tmp_path):
    found = provenance(tmp_path)
    assert found["packages"]["torch"].startswith("2.")
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["memory_gib"] > 0
