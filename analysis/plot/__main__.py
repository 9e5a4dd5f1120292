"""Draws the figures of an edgesplit result: python FOLDER [--force|--] RESULT.h5 FOLDER. Run by `edgesplit plot`.

Prints the paths of the figures. Exit status as edgesplit's: 69 a library is missing, 73 a figure is there already or
cannot be written, 65 the result cannot be read.
"""

import importlib
import os
import sys

LIBRARIES = ("numpy", "h5py", "matplotlib")
FIGURES = ("timeline", "cut_map", "latency_cdf")


def missing_libraries():
    missing = []
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing


def save(figure, path):
    """Publishes a figure: complete under its name, or not at all."""
    temporary = f"{path}.tmp.{os.getpid()}"
    try:
        figure.savefig(temporary, format="png")
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def draw(result_path, folder, replace):
    import style
    from result import Result

    with Result(result_path) as result:
        modules = [importlib.import_module(name) for name in FIGURES]
        modules = [module for module in modules if module.applies(result)]
        paths = [os.path.join(folder, f"{module.__name__}.png") for module in modules]
        taken = [path for path in paths if os.path.exists(path)]
        if taken and not replace:
            sys.exit(fail(73, f"{taken[0]}: is there already; --force replaces it"))
        style.setup()
        for module, path in zip(modules, paths):
            figure = module.draw(result)
            style.finish(figure, result)
            save(figure, path)
            print(path, flush=True)


def fail(code, message):
    print(message, file=sys.stderr)
    return code


def main(words):
    missing = missing_libraries()
    if missing:
        packages = " ".join(f"python3-{name}" for name in missing)
        return fail(69, f"plot needs the Python libraries {', '.join(missing)} in {sys.executable} (Debian: apt install"
                        f" {packages}); EDGESPLIT_PYTHON names another interpreter")
    replace, result_path, folder = words[0] == "--force", words[1], words[2]
    try:
        draw(result_path, folder, replace)
    except KeyError as error:
        return fail(65, f"{result_path}: {error.args[0]}")
    except OSError as error:
        return fail(73, f"{error.filename or result_path}: {error.strerror or error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
