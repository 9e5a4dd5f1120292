"""Draws figures: python HERE FLAGS result FOLDER RESULT.h5, or ... sweep FOLDER CUBE.h5, ... cuts FOLDER EDGESPLIT
NETWORK [OPTION...], ... trace FOLDER EDGESPLIT FILE [OPTION...] or ... map FOLDER EDGESPLIT OPTION... Run by `edgesplit
plot`. FLAGS is a word that may hold `force` and `pdf`.

Prints the paths of the figures. Exit status as edgesplit's: 69 a library is missing, 73 a figure is there already or
cannot be written, 65 the result cannot be read.
"""

import importlib
import os
import subprocess
import sys

LIBRARIES = ("numpy", "h5py", "matplotlib")
FIGURES = ("timeline", "cut_map", "latency_cdf", "latency_ccdf", "components", "cuts_by_rate", "gain", "regret",
           "stations")


def missing_libraries():
    missing = []
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    return missing


class Output:
    """Where the figures go: PNG files, and PDF files too if they are wanted. The same figure gives the same bytes."""

    def __init__(self, flags, folder):
        self.replace, self.folder = "force" in flags, folder
        self.forms = ("png", "pdf") if "pdf" in flags else ("png",)

    def paths(self, name):
        return [os.path.join(self.folder, f"{name}.{form}") for form in self.forms]

    def refuse_taken(self, names):
        taken = [path for name in names for path in self.paths(name) if os.path.exists(path)]
        if taken and not self.replace:
            sys.exit(fail(73, f"{taken[0]}: is there already; --force replaces it"))

    def save(self, figure, name):
        """Publishes a figure: complete under its name, or not at all."""
        for form, path in zip(self.forms, self.paths(name)):
            temporary = f"{path}.tmp.{os.getpid()}"
            try:
                figure.savefig(temporary, format=form, metadata={"CreationDate": None} if form == "pdf" else None)
                os.replace(temporary, path)
            finally:
                if os.path.exists(temporary):
                    os.remove(temporary)
            print(path, flush=True)


def draw_result(output, result_path):
    import style
    from result import Result

    with Result(result_path) as result:
        modules = [importlib.import_module(name) for name in FIGURES]
        modules = [module for module in modules if module.applies(result)]
        output.refuse_taken([module.__name__ for module in modules])
        style.setup()
        for module in modules:
            figure = module.draw(result)
            style.finish(figure, result, module.title(result) if hasattr(module, "title") else module.TITLE,
                         getattr(module, "OF_FIRST", False))
            output.save(figure, module.__name__)
            style.plt.close(figure)


def draw_sweep(output, cube_path):
    import style
    import sweep

    cube = sweep.Cube(cube_path)
    if not sweep.applies(cube):
        sys.exit(fail(65, f"{cube_path}: has no variable of numbers to draw over"))
    output.refuse_taken(["sweep"])
    style.setup()
    output.save(sweep.draw(cube), "sweep")


def draw_cuts(output, edgesplit, *arguments):
    import cuts
    import style

    output.refuse_taken(["cuts"])
    style.setup()
    output.save(cuts.draw(*cuts.table_of(edgesplit, arguments)), "cuts")


def draw_trace(output, edgesplit, *arguments):
    import style
    import trace

    name = os.path.basename(arguments[0])
    output.refuse_taken([name])
    style.setup()
    output.save(trace.draw(name, *trace.table_of(edgesplit, arguments)), name)


def draw_map(output, edgesplit, *arguments):
    import map as maps
    import style

    networks, conventions = maps.table_of(edgesplit, arguments)
    figures = [(f"{os.path.basename(model)}.{name}", draw, rows) for model, rows in networks.items()
               for name, draw in (("optimal_cut", maps.draw_cuts), ("gain", maps.draw_gain))]
    output.refuse_taken([name for name, *_ in figures])
    style.setup()
    for name, draw, rows in figures:
        figure = draw(rows, conventions)
        output.save(figure, name)
        style.plt.close(figure)


def draw_profiles(output, edgesplit, *arguments):
    import profiles
    import style

    output.refuse_taken(["profiles"])
    style.setup()
    output.save(profiles.draw(*profiles.table_of(edgesplit, arguments)), "profiles")


def fail(code, message):
    print(message, file=sys.stderr)
    return code


def main(words):
    missing = missing_libraries()
    if missing:
        packages = " ".join(f"python3-{name}" for name in missing)
        return fail(69, f"plot needs the Python libraries {', '.join(missing)} in {sys.executable} (Debian: apt install"
                        f" {packages}); EDGESPLIT_PYTHON names another interpreter")
    flags, kind, folder, *rest = words
    draw = {"result": draw_result, "sweep": draw_sweep, "cuts": draw_cuts, "trace": draw_trace, "map": draw_map,
            "profiles": draw_profiles}[kind]
    try:
        draw(Output(flags, folder), *rest)
    except subprocess.CalledProcessError as error:
        return error.returncode
    except KeyError as error:
        return fail(65, f"{rest[0]}: {error.args[0]}")
    except OSError as error:
        return fail(73, f"{error.filename or rest[0]}: {error.strerror or error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
