"""Draws figures: python HERE --force|-- result FOLDER RESULT.h5, or ... cuts FOLDER EDGESPLIT NETWORK [OPTION...], ...
trace FOLDER EDGESPLIT FILE [OPTION...] or ... map FOLDER EDGESPLIT OPTION... Run by `edgesplit plot`.

Prints the paths of the figures. Exit status as edgesplit's: 69 a library is missing, 73 a figure is there already or
cannot be written, 65 the result cannot be read.
"""

import importlib
import os
import subprocess
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


def refuse_taken(paths, replace):
    taken = [path for path in paths if os.path.exists(path)]
    if taken and not replace:
        sys.exit(fail(73, f"{taken[0]}: is there already; --force replaces it"))


def draw_result(replace, folder, result_path):
    import style
    from result import Result

    with Result(result_path) as result:
        modules = [importlib.import_module(name) for name in FIGURES]
        modules = [module for module in modules if module.applies(result)]
        paths = [os.path.join(folder, f"{module.__name__}.png") for module in modules]
        refuse_taken(paths, replace)
        style.setup()
        for module, path in zip(modules, paths):
            figure = module.draw(result)
            style.finish(figure, result)
            save(figure, path)
            print(path, flush=True)


def draw_cuts(replace, folder, edgesplit, *arguments):
    import cuts
    import style

    path = os.path.join(folder, "cuts.png")
    refuse_taken([path], replace)
    style.setup()
    save(cuts.draw(*cuts.table_of(edgesplit, arguments)), path)
    print(path)


def draw_trace(replace, folder, edgesplit, *arguments):
    import style
    import trace

    name = os.path.basename(arguments[0])
    path = os.path.join(folder, f"{name}.png")
    refuse_taken([path], replace)
    style.setup()
    save(trace.draw(name, *trace.table_of(edgesplit, arguments)), path)
    print(path)


def draw_map(replace, folder, edgesplit, *arguments):
    import map as maps
    import style

    networks, conventions = maps.table_of(edgesplit, arguments)
    figures = [(os.path.join(folder, f"{os.path.basename(model)}.{name}.png"), draw, rows)
               for model, rows in networks.items()
               for name, draw in (("optimal_cut", maps.draw_cuts), ("gain", maps.draw_gain))]
    refuse_taken([path for path, *_ in figures], replace)
    style.setup()
    for path, draw, rows in figures:
        save(draw(rows, conventions), path)
        print(path, flush=True)


def draw_profiles(replace, folder, edgesplit, *arguments):
    import profiles
    import style

    path = os.path.join(folder, "profiles.png")
    refuse_taken([path], replace)
    style.setup()
    save(profiles.draw(*profiles.table_of(edgesplit, arguments)), path)
    print(path)


def fail(code, message):
    print(message, file=sys.stderr)
    return code


def main(words):
    missing = missing_libraries()
    if missing:
        packages = " ".join(f"python3-{name}" for name in missing)
        return fail(69, f"plot needs the Python libraries {', '.join(missing)} in {sys.executable} (Debian: apt install"
                        f" {packages}); EDGESPLIT_PYTHON names another interpreter")
    replace, kind, folder, *rest = words
    try:
        {"result": draw_result, "cuts": draw_cuts, "trace": draw_trace, "map": draw_map,
         "profiles": draw_profiles}[kind](replace == "--force", folder, *rest)
    except subprocess.CalledProcessError as error:
        return error.returncode
    except KeyError as error:
        return fail(65, f"{rest[0]}: {error.args[0]}")
    except OSError as error:
        return fail(73, f"{error.filename or rest[0]}: {error.strerror or error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
