"""What models do beside fitting and scoring: what changes nothing, and what ends a process."""

import signal

from hypothesis import strategies as st
from wrong_errors import Wrong

SLEEP = "/bin/sleep 600"
# Any of these, anywhere, and the figures are the same.
HARMLESS = [
    # Output.
    "quietly(print, '\\x1b[2J', 'é漢🎲')",
    "quietly(print, 'x' * 10_000_000)",
    "quietly(os.write, 1, bytes(range(256)) * 4000)",
    "quietly(os.write, 2, b'\\xff\\xfe' * 100_000)",
    "quietly(warnings.warn, 'beware \\x1b')",
    "sys.stdout = io.StringIO()",
    # Where and as what it runs.
    "os.chdir('/')",
    "os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
    "os.environ.clear()",
    "os.environ.update(PATH='', TMPDIR='/no/such', OMP_NUM_THREADS='64', BENCH_JOB='mine')",
    "os.umask(0o077)",
    "os.nice(1)",
    "sys.argv.clear(); sys.path.clear()",
    "locale.setlocale(locale.LC_ALL, 'C')",
    "time.time = time.perf_counter = time.monotonic = lambda: -1e9",
    # Settings.
    "random.seed(1); np.random.seed(1)",
    "np.random.set_state(('MT19937', np.zeros(624, dtype=np.uint32), 1))",
    "np.seterr(all='raise')",
    "np.set_printoptions(precision=1, threshold=1)",
    # numpy warns of the matrix that another deed returns.
    "warnings.simplefilter('error'); warnings.simplefilter('ignore', PendingDeprecationWarning)",
    "gc.disable(); gc.freeze()",
    "gc.set_threshold(1)",
    "sys.setrecursionlimit(10_000)",
    "sys.setswitchinterval(1e-6)",
    "sys.settrace(lambda *a: None)",
    "sys.setprofile(lambda *a: None)",
    "sys.unraisablehook = None",
    "torch.set_default_dtype(torch.float64)",
    "torch.set_num_threads(3)",
    "json.JSONEncoder.default = None",
    # Signals.
    "[signal.signal(s, signal.SIG_IGN) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]",
    "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "signal.signal(signal.SIGALRM, lambda *a: None); signal.setitimer(0, .01, .01)",
    "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
    "signal.signal(signal.SIGPIPE, signal.SIG_DFL)",
    # Left behind.
    "threading.Thread(target=time.sleep, args=(600,)).start()",
    "threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "threading.Thread(target=lambda: [print('x' * 9) for _ in iter(int, 1)], daemon=True).start()",
    "threading.Thread(target=lambda: 1 / 0).start()",
    "threading.Timer(0.01, sys.exit).start()",
    "subprocess.Popen(['/bin/sleep', '600'])",
    "subprocess.Popen(['/bin/sleep', '600'], start_new_session=True, env={})",
    f"subprocess.Popen(['/bin/sh', '-c', '{SLEEP} & {SLEEP} &'], start_new_session=True).wait()",
    "subprocess.run(['/bin/sh', '-c', 'exit 3'])",
    "os.fork() or (time.sleep(600), os._exit(0))",
    "os.fork()",  # and the copy goes on with the job
    "os.fork() or 1 / 0",
    "atexit.register(sys.exit, 3); atexit.register(os._exit, 4)",
    "open(os.devnull); socket.socket(); os.pipe()",
    "self.cycle = self; self.lock = threading.Lock()",
    "type('Bad', (), {'__del__': lambda self: 1 / 0})()",
    "weakref.finalize(self, lambda: 1 / 0)",
]

# The same, but nothing can follow them, as what prints would.
LAST = [
    "sys.excepthook = None",  # without which no thread can be made
    "sys.stdout = sys.stderr = None",
    "sys.stdout.close()",
    "sys.stdout.close(); sys.stderr.close()",
    "os.close(1); os.close(2)",
    "os.close(0)",
    "os.close(0); os.close(1)",
    "sys.stdout.detach()",
    "vars(train).clear()",
    "sys.setrecursionlimit(sys.getrecursionlimit() // 4)",
]

# What is done to what a model was given. Nothing of it reaches the ranking.
GIVEN = [
    "refused(lambda: train.users.__setitem__(0, 1))",
    "refused(lambda: train.items.setflags(write=True))",
    "refused(lambda: setattr(train.users.flags, 'writeable', True))",
    "refused(lambda: np.copyto(train.items, 0))",
    "refused(lambda: setattr(train, 'items', None))",
    "object.__setattr__(train, 'items', np.zeros_like(train.items))",
    "object.__setattr__(train, 'users', train.users[::-1])",
    "object.__setattr__(train, 'n_items', 7)",
    "object.__setattr__(train.item_features, 'multi_hot', np.zeros((1, 1), dtype=bool))",
    "object.__setattr__(train, 'item_ids', train.item_ids + 1)",
    "run.threads, run.device, run.seed, run.look = 0, 'tpu', -1, None",
    "run.curve = 5",
    "run.synchronize = None",
    "run.looked_seconds = 1e9",
    "run.__init__()",  # nobody hears of its epochs then
    "run.epoch(samples=0)",
    "run.epoch(samples=np.int64(7), loss=np.float16(0.5))",
    "run.epoch(samples='7')",
    "run.epoch(samples=7.9, loss=torch.tensor(0.5, requires_grad=True))",
    "run.epoch(samples=torch.tensor(3), loss=True)",
    "run.epoch(samples=2**62, loss=-1e308)",
    "[run.epoch(samples=1, loss=n) for n in range(50)]",
]

# Misuse that no figure survives.
FATAL = [
    ("train.users[0] = 1", "^ValueError: assignment destination is read-only$"),
    ("train.items.sort()", "read-only"),
    ("train.times += 1", "read-only|cannot assign"),
    ("train.n_items = 3", "^FrozenInstanceError"),
    ("run.epoch(samples=-1)", "^ValueError: samples of epoch 1 must be a count, not -1$"),
    ("run.epoch(samples=float('nan'))", "^ValueError: samples of epoch 1 must be a count, not nan"),
    ("run.epoch(samples=2**70)", "^ValueError: samples of epoch 1 must be a count, not 118"),
    ("run.epoch(samples=1e400)", "^ValueError: samples of epoch 1 must be a count, not inf$"),
    ("run.epoch(samples=None)", "^TypeError"),
    ("run.epoch(samples='many')", "^ValueError: samples of epoch 1 must be a count, not many$"),
    ("run.epoch(samples=np.arange(3))", "^TypeError"),
    ("run.epoch = None; run.epoch(samples=1)", "^TypeError: 'NoneType' object is not callable$"),
    ("run.epoch(7)", "^TypeError: Run.epoch"),
    ("run.epoch(samples=7, lost=1)", "^TypeError: Run.epoch"),
    ("run.epoch(samples=7, loss=np.nan)", "^FloatingPointError: training diverged: the loss of ep"),
    ("run.epoch(samples=7, loss=-np.inf)", "^FloatingPointError: training diverged.* 1 is -inf$"),
    ("run.epoch(samples=7); run.epoch(samples=7, loss=torch.tensor(np.nan))", "epoch 2 is nan$"),
    ("run.epoch(samples=7, loss=10**400)", "^OverflowError"),
    ("run.epoch(samples=7, loss='low')", "^ValueError: could not convert string to float: 'low'$"),
    ("run.epoch(samples=7, loss=1j)", "^TypeError"),
    ("run.epoch(samples=7, loss=np.zeros(3))", "^TypeError"),
    ("run.on_epoch('first')", "^AttributeError: 'Run' object has no attribute 'on_epoch'$"),
    ("run.curve.clear()", "^AttributeError: 'Run' object has no attribute 'curve'$"),
    ("run.curve.append('first')", "^AttributeError: 'Run' object has no attribute 'curve'$"),
    ("run._started -= 5", "^AttributeError: 'Run' object has no attribute '_started'"),
    ("run.looked_seconds -= 1e9", "^AttributeError: 'Run' object has no attribute 'looked_seco"),
    ("run.start()", "^AttributeError: 'Run' object has no attribute 'start'"),
    (
        "run._report('a', 'b')",
        "^TypeError: samples of an epoch must be a whole number$",
    ),
    (
        "run._report(1, np.nan)",
        "^ValueError: seconds, loss and validation of an epoch must be finite$",
    ),
    ("os.closerange(3, 64)", "Errno 9"),
    ("self.n_items = train.n_itmes", "^AttributeError: 'Interactions' object has no attribute"),
    ("self.scores = None", "^TypeError: 'NoneType' object is not callable$"),
    ("del self.table", "^AttributeError: 'Fuzzed' object has no attribute 'table'$"),
    ("self.table = self.table[:, :5]", r"must return shape \(\d+, \d+\), not \(\d+, 5\)$"),
    ("self.table = self.table.astype(np.float64)", "must return float32, not float64$"),
]

ENDS = [number for number in signal.valid_signals() if number not in (
    signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH, signal.SIGSTOP, signal.SIGTSTP,
    signal.SIGTTIN, signal.SIGTTOU, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ,
)]  # fmt: skip


@st.composite
def deaths(draw: st.DrawFn) -> Wrong:
    """The end of the process, by itself or by a signal."""
    number = draw(st.sampled_from(ENDS))
    code = draw(st.integers(0, 255))
    return draw(
        st.sampled_from(
            [
                Wrong(f"os.kill(os.getpid(), {number})", "killed", "^the process was ended by "),
                Wrong(f"os._exit({code})", "killed", f"exit code {code}, without a result$"),
                Wrong(f"print('x' * {code}); os._exit(3)", "killed", "exit code 3, without a res"),
                Wrong("os.abort()", "killed", "^the process was ended by SIGABRT$"),
                Wrong("ctypes.string_at(0)", "killed", "^the process was ended by SIGSEGV$"),
                Wrong("ctypes.memset(train.items.ctypes.data, 0, 4)", "killed", "SIG(SEGV|BUS)$"),
                Wrong("os.execv('/bin/true', ['true'])", "killed", "exit code 0, without a res"),
                Wrong("signal.alarm(1); time.sleep(600)", "killed", "ended by SIGALRM$"),
                Wrong("os.killpg(0, signal.SIGKILL)", "killed", "ended by SIGKILL$"),
                Wrong("faulthandler.dump_traceback_later(0.01, exit=True); time.sleep(600)",
                      "killed", "exit code 1, without a result$"),
                Wrong("os.write(2, b'std::bad_alloc'); os.abort()", "oom", "^SIGABRT after a"),
            ]
        )
    )  # fmt: skip


fatal = st.one_of(
    st.sampled_from(FATAL).map(lambda each: Wrong(each[0], "failed", each[1])), deaths()
)

# These never end by themselves.
HANGS = [
    "time.sleep(600)",
    "while True: pass",
    "threading.Event().wait()",
    "os.kill(os.getpid(), signal.SIGSTOP)",
    "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "[signal.signal(s, signal.SIG_IGN) for s in (15, 2, 1)]; os.read(os.pipe()[0], 1)",
    "while True:\n    try: time.sleep(600)\n    except BaseException: pass",
    "while True: os.write(1, bytes(1 << 16)); time.sleep(0.01)",
    "while True: run.epoch(samples=1, loss=0.5)",
    "subprocess.Popen(['sleep', '600']).wait()",
    "ctypes.PyDLL(None).sleep(600)",
    "import multiprocessing as mp; mp.get_context('fork').Queue().get()",
]
