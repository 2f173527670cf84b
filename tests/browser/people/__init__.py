"""The page for people in a real browser: what tests click, type and press."""

import json
import time

from django.conf import settings
from django.test import Client

from tests.security.browser import Browser

WAIT = 30.0  # seconds for something to be shown


class Page(Browser):
    """A tab of somebody who uses the page; elements are named by CSS, or by the text of what may be clicked."""

    def open(self):
        super().open()
        self.size(1280, 900)

    def enter(self, url, user):
        """Go to the page as somebody who has signed in."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.call("Network.setCookie", name=cookie.key, value=cookie.value, url=url, httpOnly=True)
        self.url, self.user, self.expected = url, user, ()
        self.visit(url, "!!document.querySelector('.composer textarea')")

    def size(self, width, height=900, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, expression):
        """Evaluate JavaScript, awaiting what it promises; raises AssertionError for what it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression, seconds=WAIT):
        """Wait until an expression holds, and return its value."""
        deadline = time.monotonic() + seconds
        while not (value := self.run(f"(() => {{ try {{ return {expression}; }} catch {{ return null; }} }})()")):
            assert time.monotonic() < deadline, f"{expression}\n{self.text()[:1500]}\n{self.complaints()}"
            time.sleep(0.03)
        return value

    def text(self, selector="body"):
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def shows(self, text, selector="body", seconds=WAIT):
        self.wait(f"document.querySelector({json.dumps(selector)}).innerText.includes({json.dumps(text)})", seconds)

    def count(self, selector):
        return self.run(f"document.querySelectorAll({json.dumps(selector)}).length")

    def click(self, selector, text=None):
        """Click the middle of the first visible element that a selector finds, with this text if one is given."""
        found = f"""(() => {{
          const text = {json.dumps(text)};
          const fits = (each) => each.checkVisibility() && (text === null
            || (each.innerText || "").includes(text) || each.getAttribute("aria-label") === text);
          const element = [...document.querySelectorAll({json.dumps(selector)})].find(fits);
          if (!element) return null;
          element.scrollIntoView({{block: "nearest"}});
          const box = element.getBoundingClientRect();
          return [box.left + box.width / 2, box.top + box.height / 2];
        }})()"""
        place = None
        while place != (place := self.wait(found)):  # what moves is not clicked yet
            self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        x, y = place
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text):
        """Type where the focus is."""
        self.call("Input.insertText", text=text)

    def fill(self, selector, text):
        self.click(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).select?.()")
        self.type(text)

    def press(self, key, *modifiers):
        """Press a key, as `event.key` names it, with Alt, Control, Meta or Shift."""
        flags = sum({"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}[each] for each in modifiers)
        code = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "Backspace": 8}.get(
            key, ord(key[0])
        )
        typed = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        options = {"key": key, "windowsVirtualKeyCode": code, "modifiers": flags}
        self.call("Input.dispatchKeyEvent", type="keyDown" if typed else "rawKeyDown", text=typed, **options)
        self.call("Input.dispatchKeyEvent", type="keyUp", **options)

    def choose(self, model, button=".model-button"):
        """Choose a model by typing its name."""
        self.click(button)
        self.wait("document.activeElement.getAttribute('role') === 'combobox'")
        self.type(model)
        self.wait(f"document.querySelector('.option.active .option-name')?.innerText.trim() === {json.dumps(model)}")
        self.press("Enter")
        self.wait("!document.querySelector('dialog')")

    def say(self, text):
        """Type a message and send it."""
        self.click(".composer textarea")
        self.type(text)
        self.press("Enter")

    def answered(self, number=1):
        """Wait until so many answers are there, the last one with its figures."""
        self.wait(
            f"document.querySelectorAll('.answer').length === {number}"
            " && !!document.querySelector('.answer:last-of-type .figures span')"
        )

    def leave(self):
        """Go to an empty page, which ends whatever streams."""
        self.call("Page.navigate", url="about:blank")
        time.sleep(0.2)
