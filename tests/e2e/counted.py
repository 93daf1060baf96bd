"""Counting what a person does, and how long a practised person takes for it."""

import time

from tests.browser import press

# Seconds of the keystroke-level model: think, point and press, type one sign, the answer's wait.
THINK, POINT, KEY, ANSWER = 1.35, 1.3, 0.28, 1.0


class Counted:
    """A person whose clicks, and fields that are typed into, are counted and timed."""

    def __init__(self, person):
        self.person = person
        self.actions, self.estimate = 0, 0.0
        self.began = time.monotonic()

    def click(self, target):
        self.actions += 1
        self.estimate += THINK + POINT + ANSWER
        target.click()

    def go(self, target):
        """A click that leads on, until the next page is there. A page that is closed or judged by
        what the database holds while it is still on its way may never come to rest."""
        with self.person.page.expect_navigation():
            self.click(target)

    def press(self, key):
        """A shortcut: no hand leaves the keyboard."""
        self.actions += 1
        self.estimate += THINK + 0.2
        press(self.person.page, key)

    def choose(self, name, value):
        self.actions += 1
        self.estimate += THINK + POINT + ANSWER
        self.person.page.locator(f'select[name="{name}"]').select_option(value)

    def type(self, name, text):
        self.actions += 1
        self.estimate += THINK + POINT + KEY * len(text)
        self.person.fill(name, text)

    @property
    def seconds(self):
        return time.monotonic() - self.began
