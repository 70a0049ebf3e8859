"""A plugin that makes every worker, also those that come after it, die or hang over one video."""

import ctypes
import os
import signal

from distributed import WorkerPlugin

from facecues.preprocess.watch import Watcher


class Deadly(WorkerPlugin):
    """`act` is "die" or "hang"; the latter holds the interpreter lock."""

    name = "deadly"

    def __init__(self, path, act):
        self.path, self.act = path, act

    def setup(self, worker):
        self.open = Watcher.open
        Watcher.open = lambda watcher, video, audio=None: self.do(watcher, video, audio)

    def teardown(self, worker):
        Watcher.open = self.open

    def do(self, watcher, video, audio):
        if video == self.path and self.act == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if video == self.path:
            ctypes.PyDLL(None).sleep(3600)
        return self.open(watcher, video, audio)
