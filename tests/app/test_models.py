"""Which models are here, and what is wrong with the files of those that are not quite."""

from __future__ import annotations

import os

import pytest

from kandinsky_studio import paths
from kandinsky_studio.app.models import BUILTIN, REAL, REAL_FOLDERS, Models
from kandinsky_studio.errors import FolderNotWritable, ModelNotFound


@pytest.fixture
def models(qapp, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return Models()


def put_builtin_as_real(folder):
    """The files of the built-in model under the names of the real one: they are laid out alike."""
    folder.mkdir(parents=True)
    for name in REAL_FOLDERS:
        os.symlink(paths.builtin_model() / name, folder / name, target_is_directory=True)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("place", ["folder", "shared_folder"])
def test_folders_of_the_names_we_tell_are_found_in_the_places_we_tell(models, place):
    assert not models.installed(REAL)
    put_builtin_as_real(getattr(models, place))
    models.look_again()
    assert models.installed(REAL)
    assert models.flaw(REAL) is None


def test_nothing_there_is_no_flaw_and_half_a_copy_is_one(models):
    assert models.flaw(REAL) is None
    for name, part in zip(REAL_FOLDERS, ("prior", "unet"), strict=True):
        (models.folder / name / part).mkdir(parents=True)
    assert isinstance(models.flaw(REAL), ModelNotFound)
    assert models.flaw(BUILTIN) is None


def test_the_folder_for_weights_is_made_when_it_is_wanted(models):
    assert not models.folder.exists()
    assert models.make_folder() == models.folder
    assert models.folder.is_dir()


def test_a_folder_that_cannot_be_made_is_told_of(models, home):
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file where the folder should be")
    with pytest.raises(FolderNotWritable):
        models.make_folder()
