"""What goes into the frozen program, and what stays out: read by the specification and by the check.

The base is everything but torch, which comes from a runtime pack with what only torch needs. Modules are found by
looking at files, never by importing: what an import happens to load on the building computer decides nothing.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
import sysconfig
from collections.abc import Container, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "kandinsky-studio"

if str(ROOT) not in sys.path:  # the steps say the program's version; at the end, so that nothing here hides a library
    sys.path.append(str(ROOT))

IN_THE_PACK = ("torch", "torchgen", "functorch", "sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec")
"""Modules that a runtime pack brings."""

EXCLUDED = (
    *IN_THE_PACK,
    *("triton", "nvidia", "torchvision", "torchaudio"),  # parts of other builds of torch
    *(
        "tkinter",
        "_tkinter",
        "idlelib",
        "turtle",
        "turtledemo",
        "ensurepip",
        "venv",
        "lib2to3",
        "pydoc_data",
        "distutils",
    ),
    # Terminals and databases that would bring libraries under the GPL, and that a window has no use for.
    *("readline", "curses", "_curses", "_curses_panel", "_dbm", "_gdbm", "nis", "ossaudiodev", "crypt", "_crypt"),
    *("hf_xet", "hf_transfer"),  # downloads are our own
    *("typer", "rich", "pygments", "markdown_it", "mdurl", "shellingham", "click"),  # command lines of libraries
    *("pytest", "_pytest", "hypothesis", "mypy", "ruff", "pre_commit", "virtualenv", "setuptools", "pip", "wheel"),
    *("pkg_resources", "_distutils_hack", "pydantic", "grimp", "importlinter", "PyInstaller"),
    *("IPython", "matplotlib", "scipy", "pandas", "sklearn", "tensorflow", "jax", "flax", "onnx", "onnxruntime"),
    *("PyQt5", "PyQt6", "PySide2", "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtTest", "PySide6.QtDesigner"),
    *("numpy.f2py", "numpy.testing", "PIL.ImageTk", "PIL.ImageQt"),
    *("accelerate.test_utils", "huggingface_hub.cli", "huggingface_hub.inference._mcp"),
    *("diffusers.commands", "diffusers.experimental", "diffusers.modular_pipelines"),
    *("transformers.cli", "transformers.exporters", "transformers.pipelines", "transformers.testing_utils"),
)
"""Modules that stay out, with all below them."""

METADATA = (
    "accelerate",
    "diffusers",
    "filelock",
    "httpx2",
    "huggingface_hub",
    "importlib_metadata",
    "kandinsky-studio",
    "numpy",
    "packaging",
    "pillow",
    "pyyaml",
    "regex",
    "requests",
    "safetensors",
    "tokenizers",
    "tqdm",
    "transformers",
)
"""Distributions whose versions diffusers and transformers ask for when they are imported."""

_LIBRARIES = ("kandinsky_studio", "accelerate", "diffusers", "huggingface_hub", "transformers")  # imported by name
_ALONE = ("socksio", "safetensors.torch", "safetensors.numpy", "PySide6.QtSvg", "PySide6.support.deprecated")

# Folders of which only some parts are wanted: the models and pipelines of everybody else are most of both libraries.
_CHOSEN = {
    "diffusers.pipelines": {"kandinsky", "kandinsky2_2"},
    "transformers.models": {
        "auto",
        "clip",
        "depth_anything",
        "dinov2",
        "dinov2_with_registers",
        "dpt",
        "mt5",
        "roberta",
        "siglip",
        "t5",
        "vit_mae",
        "xlm_roberta",
    },
}

_NOT_OF_STDLIB = {"antigravity", "this", "test", "site-packages", "__phello__"}

_RESOURCES = "resources"
_KEPT_OUT = {"screenshots"}  # folders of resources that the program does not read

# What the libraries bring along and nobody asks for: paths in the program's folder.
_DROPPED = re.compile(
    r"""
      (^|/)(torch|torchgen|sympy|mpmath|networkx|jinja2|markupsafe|fsspec|hf_xet|pydantic|rich|typer)-[^/]+\.dist-info/
    | \.dist-info/(direct_url\.json|INSTALLER|REQUESTED)$
    | \.pyi$
    | ^cv2/data/
    | ^PySide6/(Qt/)?plugins/(egldeviceintegrations|generic|networkinformation|printsupport|qmllint|qmltooling)/
    | ^PySide6/(Qt/)?plugins/(sqldrivers|tls|vectorimageformats|wayland-graphics-integration-server)/
    | ^PySide6/(Qt/)?plugins/platforminputcontexts/(lib)?qtvirtualkeyboard
    | ^PySide6/(Qt/)?plugins/platforms/(lib)?q(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc|direct2d)\.
    | ^PySide6/(Qt/)?plugins/platforms/(lib)?q(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc|direct2d)plugin\.
    | ^PySide6/(Qt/)?plugins/platformthemes/libqgtk3\.
    | ^PySide6/(Qt/)?plugins/imageformats/(lib)?q(pdf|icns|tga|wbmp)\.
    | ^PySide6/(Qt/)?plugins/wayland-(decoration-client/libadwaita|shell-integration/lib(fullscreen|ivi|qt)-shell)
    | ^PySide6/(Qt/)?translations/(?!qtbase_(en|ru)\.qm$)
    | ^PySide6/(Qt/)?qml/
    | (^|/)(lib)?Qt6(Qml|Quick|Pdf|VirtualKeyboard|EglFS|EglFs|Sql|WaylandCompositor|WaylandEglCompositor)[^/]*$
    | ^PySide6/(opengl32sw|d3dcompiler_47)\.dll$
    # Found by what is dropped above, or by name on a computer that happens to have them.
    | ^lib(atk|cairo|cairo-gobject|datrie|epoxy|fribidi|g[dt]k|g[dt]k-3|gdk_pixbuf|jpeg|pango\w*|pixman|thai)-?[\d.]*\.so\.
    | ^lib(cuda|cudart|cudnn|cublas|nccl|nv\w+)\.so
    """,
    re.VERBOSE,
)

# Libraries that every Linux desktop has, and that must be its own: drivers and services load the same ones into our
# process, or they read settings that lie beside them.
_OF_THE_SYSTEM = re.compile(
    r"""^(
      lib(E?GL|GLX|GLdispatch|OpenGL|GLES\w*|drm|gbm|vulkan|va(-\w+)?)
    | libX\w+(-xcb)? | libxcb | libxcb-dri\d | libICE | libSM
    | libwayland-\w+
    | lib(stdc\+\+|gcc_s)
    | lib(c|m|dl|rt|pthread|util|resolv|nsl|crypt|anl)
    | lib(fontconfig|freetype|expat|png16|brotli\w+|graphite2|harfbuzz\w*)
    | lib(glib|gthread|gobject|gio|gmodule)-2\.0 | libpcre(2-8)?
    | lib(dbus-1|systemd|cap|gcrypt|gpg-error|lz4|selinux|mount|blkid|apparmor|audit|cap-ng)
    | lib(gssapi_krb5|krb5|krb5support|k5crypto|com_err|keyutils)
    | lib(z|zstd)
    | lib(bsd|md)
    )\.so(\.|$)""",
    re.VERBOSE,
)


def wanted(place: str, linux: bool | None = None) -> bool:
    """Whether the file at ``place`` goes into the program: a path below its folder of libraries, written with slashes.

    ``linux`` says which system it is for; this one, if it is not given.
    """
    if _DROPPED.search(place):
        return False
    if not (sys.platform.startswith("linux") if linux is None else linux):
        return True
    folder, _, name = place.rpartition("/")
    # Wheels bring libraries under names of their own in folders of their own; only loose ones are of the system.
    return bool(folder) or not _OF_THE_SYSTEM.match(name)


def hidden_imports() -> list[str]:
    """Modules that nothing imports by a statement: the whole standard library, and what is looked up by name.

    A pack is made for any base of its Python, so the base can't know what of the standard library it will use.
    """
    found = {*standard_library(), *_ALONE}
    for library in _LIBRARIES:
        found.update(modules_of(library))
    unwanted = excluded()
    return sorted(name for name in found if not is_below(name, unwanted))


def excluded() -> set[str]:
    """Modules that stay out, those of foreign models and pipelines included."""
    found = set(EXCLUDED)
    for package, chosen in _CHOSEN.items():
        folder = _folder(package)
        parts = {entry.name for entry in folder.iterdir() if (entry / "__init__.py").is_file()}
        found.update(f"{package}.{part}" for part in parts - chosen)
    # These import everything that is left out, to be asked for it by name.
    found.update({"diffusers.pipelines.auto_pipeline", "diffusers.pipelines.onnx_utils"})
    return found


def standard_library() -> Iterator[str]:
    """The names of all modules of Python's own library that can be of use without a terminal."""
    top = Path(sysconfig.get_path("stdlib"))
    unwanted = {*EXCLUDED, *_NOT_OF_STDLIB}
    for name in sys.stdlib_module_names:
        if name in unwanted or _is_of_tests(name):
            continue
        if (top / name / "__init__.py").is_file():
            yield from _walk(top / name, name)
        elif importlib.util.find_spec(name) is not None:
            yield name


def modules_of(package: str) -> Iterator[str]:
    """The names of ``package`` and all modules below it."""
    return _walk(_folder(package), package)


def resources() -> list[tuple[Path, str]]:
    """The files of the project that the program reads, each with the folder it goes to."""
    top = ROOT / _RESOURCES
    return [
        (path, path.parent.relative_to(ROOT).as_posix())
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.relative_to(top).parts[0] not in _KEPT_OUT and not path.name.startswith(".")
    ]


def is_below(name: str, tops: Container[str]) -> bool:
    """Whether the module ``name`` is one of ``tops``, or inside of one."""
    parts = name.split(".")
    return any(".".join(parts[:count]) in tops for count in range(1, len(parts) + 1))


def _folder(package: str) -> Path:
    parent, _, last = package.rpartition(".")
    if parent:
        return _folder(parent) / last
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed here")
    return Path(spec.submodule_search_locations[0])


def _walk(folder: Path, name: str) -> Iterator[str]:
    yield name
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if (entry / "__init__.py").is_file() and not _is_of_tests(entry.name):
                yield from _walk(entry, f"{name}.{entry.name}")
            continue
        module = _module_name(entry.name)
        if module and module not in {"__init__", "__main__"}:
            yield f"{name}.{module}"


def _module_name(file: str) -> str:
    """What the file is called as a module, or nothing if it is none."""
    for suffix in (".py", *importlib.machinery.EXTENSION_SUFFIXES):
        if file.endswith(suffix):
            name = file.removesuffix(suffix)
            return name if name.isidentifier() else ""
    return ""


def _is_of_tests(name: str) -> bool:
    return name in {"test", "tests"} or name.startswith(("_test", "_xxtest"))
