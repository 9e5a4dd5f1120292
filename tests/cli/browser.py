"""A headless Chromium, driven over its debugging pipe: what a page logs, asks for and looks like."""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page; `events` are all that it and its network have told so far."""

    def __init__(self, width=1100, height=900, scheme="light"):
        self.folder = tempfile.mkdtemp(prefix="edgesplit-browser-")
        read, self.to_page = os.pipe()
        self.from_page, write = os.pipe()
        # The browser talks through its descriptors 3 and 4.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{read} 4>&{write}', "sh", PROGRAM, "--headless=new", "--no-sandbox",
             "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", f"--user-data-dir={self.folder}",
             "about:blank"],
            pass_fds=(read, write), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read)
        os.close(write)
        self.events, self.buffer, self.n, self.session = [], b"", 0, None
        page = next(target for target in self.ask("Target.getTargets")["targetInfos"] if target["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to_page)
        os.close(self.from_page)
        while os.path.exists(self.folder):  # others of its processes may still be writing
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def message(self, timeout=60):
        end = time.monotonic() + timeout
        while b"\0" not in self.buffer:
            if not select.select([self.from_page], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            self.buffer += os.read(self.from_page, 1 << 20)
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, **parameters):
        self.n += 1
        words = {"id": self.n, "method": method, "params": parameters}
        if self.session is not None:
            words["sessionId"] = self.session
        os.write(self.to_page, json.dumps(words).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.n:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def open(self, path):
        self.ask("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def run(self, script):
        """The value of an expression in the page."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"].get("description", str(result)))
        return result["result"].get("value")

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, **({"text": key} if len(key) == 1 else {}))

    def drag(self, start, end):
        for kind, (x, y) in (("mouseMoved", start), ("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left" if kind != "mouseMoved" else "none",
                     clickCount=1)

    def told(self, *methods):
        return [event["params"] for event in self.events if event["method"] in methods]

    def requests(self):
        return [request["request"]["url"] for request in self.told("Network.requestWillBeSent")]

    def complaints(self):
        """Errors and warnings of the console, of scripts and of the content policy."""
        logged = [entry["entry"]["text"] for entry in self.told("Log.entryAdded")]
        called = [str(call["args"]) for call in self.told("Runtime.consoleAPICalled")]
        thrown = [str(what["exceptionDetails"]) for what in self.told("Runtime.exceptionThrown")]
        return logged + called + thrown

    def screenshot(self, path):
        """The whole page, as a PNG file."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})["data"]
        path.write_bytes(base64.b64decode(data))
