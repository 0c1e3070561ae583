"""The estimate of tokens. Real counts were taken with the models' own tokenizers."""

import pytest

from lsp_server.prompt.tokens import FACTOR_BOUNDS, FIRST_FACTOR, Calibration, TokenEstimate, measure, weigh

PYTHON = (
    "def total_price(items, tax_rate=0.19):\n"
    '    """Return the sum of all prices, tax included."""\n'
    "    total = 0\n"
    "    for item in items:\n"
    "        if item.price is None or item.quantity < 1:\n"
    '            raise ValueError(f"bad item: {item!r}")\n'
    "        total += item.price * item.quantity\n"
    "    return round(total * (1 + tax_rate), 2)\n"
)
TYPESCRIPT = (
    "export async function fetchUser(id: string, opts?: RequestInit): Promise<User | undefined> {\n"
    "  const response = await fetch(`${API_BASE}/users/${id}`, { ...opts, method: 'GET' });\n"
    "  if (!response.ok) {\n"
    "    console.warn(`HTTP ${response.status}`);\n"
    "    return undefined;\n"
    "  }\n"
    "  return (await response.json()) as User;\n"
    "}\n"
)
GO = (
    "func (s *Server) handleConn(ctx context.Context, conn net.Conn) error {\n"
    "\tdefer conn.Close()\n"
    "\tbuf := make([]byte, 0, 4096)\n"
    "\tfor {\n"
    "\t\tn, err := conn.Read(buf[:cap(buf)])\n"
    "\t\tif err != nil {\n"
    '\t\t\treturn fmt.Errorf("read %s: %w", conn.RemoteAddr(), err)\n'
    "\t\t}\n"
    "\t\ts.out <- buf[:n]\n"
    "\t}\n"
    "}\n"
)
RUST = (
    "impl<T: Ord + Clone> Heap<T> {\n"
    "    pub fn push(&mut self, value: T) -> Result<(), HeapError> {\n"
    "        if self.items.len() >= self.capacity {\n"
    "            return Err(HeapError::Full { capacity: self.capacity });\n"
    "        }\n"
    "        self.items.push(value);\n"
    "        self.sift_up(self.items.len() - 1);\n"
    "        Ok(())\n"
    "    }\n"
    "}\n"
)
CHINESE = "# 计算所有商品的总价，包括税费。如果价格为空则抛出异常。\nprint('总价：', total)\n"  # noqa: RUF001 - Chinese
NUMBERS = "0.5772156649, 1.4142135623, 2.7182818284, 3.1415926535,\n" * 4
HEX = 'KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"\n' * 3
SAMPLES = {
    "python": PYTHON,
    "typescript": TYPESCRIPT,
    "go": GO,
    "rust": RUST,
    "chinese": CHINESE,
    "numbers": NUMBERS,
    "hex": HEX,
}
# (sample, Codestral v3, tekken, Qwen2.5-Coder, DeepSeek V3, Gemma 3)
COUNTS = [
    ("python", (104, 87, 86, 87, 102)),
    ("typescript", (95, 77, 77, 81, 92)),
    ("go", (120, 91, 89, 90, 112)),
    ("rust", (110, 87, 81, 85, 105)),
    ("chinese", (41, 36, 27, 26, 29)),
    ("numbers", (225, 220, 220, 124, 224)),
    ("hex", (192, 189, 189, 141, 192)),
]


@pytest.mark.parametrize(("sample", "counts"), COUNTS)
def test_the_first_estimate_is_never_under_and_not_far_over(sample, counts):
    estimated = TokenEstimate().count(SAMPLES[sample])
    assert max(counts) <= estimated <= 1.6 * max(counts)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("\n", 100),
        ("\r\n", 100),
        ("\r", 100),
        ("a", 5 + 68),
        ("ab cd", 4 * 5 + 2 * 68 + 15),
        ("aB", 2 * 5 + 68 + 29 + 59),
        ("7", 124),
        ("\t", 122),
        ("\0", 100),
        ("é", 2 * 50),
        ("漢", 3 * 50),
        ("😀", 4 * 50 + 200),
        ("\ud800", 3 * 50),
        ("abcdefghijkl", 12 * 5 + 68 + 400),
    ],
)
def test_weights(text, weight):
    assert measure(text) == weigh(text) == weight


def test_lines_add_up():
    text = PYTHON.replace("\n", "\r\n") + CHINESE
    assert sum(map(weigh, text.splitlines(keepends=True))) == measure(text)
    assert TokenEstimate().count(text) == TokenEstimate().tokens(measure(text))


@pytest.mark.parametrize("factor", [0.6, 0.83, 1.0, FIRST_FACTOR, 2.0])
@pytest.mark.parametrize("tokens", [0, 1, 7, 100, 2048, 131_072])
def test_room_is_the_most_that_fits(factor, tokens):
    estimate = TokenEstimate(Calibration(factor))
    assert estimate.tokens(estimate.room(tokens)) <= tokens
    assert estimate.tokens(estimate.room(tokens) + 2) > tokens
    assert estimate.room(-5) == 0


def observe(calibration, ratio, times):
    """The calibration after reports of a tokenizer that takes ``ratio`` tokens a weight of 100."""
    for _ in range(times):
        estimated = TokenEstimate(calibration).tokens(100_000)
        calibration = calibration.observe(estimated, round(1000 * ratio))
    return calibration


@pytest.mark.parametrize("ratio", [0.7, 0.8, 1.0, 1.4])
def test_reports_bring_the_factor_to_the_truth_with_a_margin(ratio):
    calibration = observe(Calibration(), ratio, 40)
    assert calibration.factor == pytest.approx(ratio * 1.05, rel=0.01)
    assert calibration.reports == 40


def test_the_factor_rises_faster_than_it_falls():
    up = observe(Calibration(1.0), 1.3, 1).factor - 1.0
    down = 1.0 - observe(Calibration(1.0), 0.7, 1).factor
    assert up > down > 0


@pytest.mark.parametrize(
    ("estimated", "actual"), [(1000, 3), (1000, 0), (1000, -1), (1000, 9000), (100, 110), (0, 5)]
)
def test_reports_that_mean_something_else_are_ignored(estimated, actual):
    calibration = Calibration(1.1, 3)
    assert calibration.observe(estimated, actual) is calibration


def test_the_factor_stays_within_bounds():
    assert observe(Calibration(), 5.0, 50).factor <= FACTOR_BOUNDS[1]
    low = Calibration(0.6)
    for _ in range(20):
        low = low.observe(1000, 450)
    assert low.factor == FACTOR_BOUNDS[0]


@pytest.mark.parametrize(("factor", "kept"), [(0.8, 0.8 / FIRST_FACTOR), (FIRST_FACTOR, 1), (1.9, 1)])
def test_a_context_that_must_not_overflow_is_counted_with_the_first_factor(factor, kept):
    assert TokenEstimate(Calibration(factor)).caution(10_000) == int(10_000 * kept)
