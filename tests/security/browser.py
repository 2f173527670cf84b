"""A headless Chromium, spoken to over a pipe in the DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""

import json
import os
import shutil
import subprocess
import tempfile
import time

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TIMEOUT = 60.0  # seconds for a page


class Browser:
    """One tab at a time, each with cookies and storage of its own; `visit` tells what the page complained about."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self.write = os.pipe()
        self.read, answers = os.pipe()
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        command += [f"--user-data-dir={self.profile.name}", "--disable-dev-shm-usage", "--no-first-run"]

        def hand_over():  # Chromium reads commands from descriptor 3 and answers on 4
            os.dup2(commands, 10)
            os.dup2(answers, 11)
            os.dup2(10, 3)
            os.dup2(11, 4)

        self.process = subprocess.Popen(
            command, preexec_fn=hand_over, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(commands)
        os.close(answers)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        try:
            self.open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def open(self):
        """Open a tab that shares nothing with the ones before."""
        self.session = None
        self.context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        self.events.clear()

    def shut(self):
        """Close the tab and forget what it stored."""
        self.session = None
        self.call("Target.disposeBrowserContext", browserContextId=self.context)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.read)
        os.close(self.write)
        self.profile.cleanup()

    def call(self, method, **parameters):
        """Send a command and return its result; events that come meanwhile are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def receive(self):
        while b"\0" not in self.buffer:
            part = os.read(self.read, 65_536)
            assert part, "Chromium went away"
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        answer = json.loads(message)
        if "method" in answer and answer.get("sessionId") == self.session:
            self.events.append(answer)
        return answer

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression)["result"].get("value")

    def visit(self, url, ready="true"):
        """Load a page until the JavaScript expression `ready` holds; returns the complaints, empty when all is well."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + TIMEOUT
        while not (self.evaluate("document.readyState") == "complete" and self.evaluate(ready)):
            assert time.monotonic() < deadline, f"{url} was not ready: {self.complaints()}"
            time.sleep(0.05)
        time.sleep(0.2)  # what a page loads last, like its icon
        self.evaluate("1")
        return self.complaints()

    def complaints(self):
        found = []
        for event in self.events:
            parameters = event["params"]
            if event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"])
            elif event["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append(f"{details['text']} {details.get('exception', {}).get('description', '')}".strip())
            elif event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
                found.append(str(parameters["args"]))
            elif event["method"] == "Network.responseReceived" and parameters["response"]["status"] >= 400:
                found.append(f"{parameters['response']['status']} {parameters['response']['url']}")
        return found
