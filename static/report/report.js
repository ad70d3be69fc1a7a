// Charts and the sortable trades of a report; the data stands in the page as JSON.

/* global LightweightCharts */
(() => {
  const lib = LightweightCharts;
  const data = JSON.parse(document.getElementById("charts").textContent);
  const root = document.documentElement;
  const find = (name) => document.querySelector(`[${name}]`);
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const seconds = (iso) => Math.floor(Date.parse(iso) / 1000);
  const grouped = (value, places = 2) =>
    Number(value)
      .toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places })
      .replace("-", "−");

  const MARKERS_MAX = 400;
  const ROWS = 20;

  function look() {
    return {
      layout: {
        attributionLogo: false, // it would need an inline style; the foot of the page names its makers
        background: { color: "transparent" },
        textColor: colour("text-3"),
        fontFamily: getComputedStyle(root).getPropertyValue("--sans"),
        fontSize: 11,
        panes: { separatorColor: colour("line"), enableResize: false },
      },
      grid: { vertLines: { color: `${colour("line")}66` }, horzLines: { color: `${colour("line")}99` } },
      rightPriceScale: { borderColor: colour("line") },
      timeScale: { borderColor: colour("line") },
    };
  }

  function chartIn(name) {
    return lib.createChart(find(`data-chart="${name}"`), {
      ...look(),
      autoSize: true,
      timeScale: { ...look().timeScale, timeVisible: true, secondsVisible: false, minBarSpacing: 0.02 },
      handleScroll: { vertTouchDrag: false },
      handleScale: { mouseWheel: false },
      localization: { locale: "en-GB", priceFormatter: (value) => grouped(value) },
    });
  }

  // Equity and drawdown

  function fallsOf(points) {
    let peak = Number(data.start);
    return points.map(({ time, value }) => {
      peak = Math.max(peak, value);
      return { time, value: peak > 0 ? (100 * (value - peak)) / peak : 0 };
    });
  }

  function drawEquity() {
    const points = data.equity.map(([close, , equity]) => ({ time: seconds(close), value: Number(equity) }));
    if (points.length < 2) {
      find('data-chart="equity"').hidden = true;
      find('data-empty="equity"').hidden = false;
      return () => {};
    }
    const chart = chartIn("equity");
    const quiet = { lastValueVisible: false, priceLineVisible: false };
    const wallet = chart.addSeries(lib.LineSeries, { lineWidth: 1, lineType: lib.LineType.WithSteps, ...quiet });
    const equity = chart.addSeries(lib.AreaSeries, { lineWidth: 2, priceLineVisible: false });
    const falls = chart.addSeries(
      lib.AreaSeries,
      { invertFilledArea: true, lineWidth: 1, priceFormat: { type: "custom", formatter: (v) => `${grouped(v)} %` }, ...quiet },
      1,
    );
    const paint = () => {
      chart.applyOptions(look());
      wallet.applyOptions({ color: colour("text-3") });
      equity.applyOptions({
        lineColor: colour("accent"),
        topColor: `${colour("accent")}33`,
        bottomColor: `${colour("accent")}03`,
      });
      falls.applyOptions({
        lineColor: colour("down"),
        topColor: `${colour("down")}0a`,
        bottomColor: `${colour("down")}44`,
      });
    };
    paint();
    wallet.setData(data.equity.map(([close, balance]) => ({ time: seconds(close), value: Number(balance) })));
    equity.setData(points);
    falls.setData(fallsOf(points));
    chart.panes()[0].setStretchFactor(3);
    chart.panes()[1].setStretchFactor(1);
    chart.timeScale().fitContent();
    return paint;
  }

  // Candles with executions

  function drawCandles() {
    const symbols = Object.keys(data.bars).filter((symbol) => data.bars[symbol].length > 1);
    if (!symbols.length) return { paint: () => {}, go: null };
    find("data-candles").hidden = false;
    const select = find("data-symbol");
    select.replaceChildren(...symbols.map((symbol) => new Option(symbol)));
    const chart = chartIn("candles");
    const series = chart.addSeries(lib.CandlestickSeries, { borderVisible: false, priceLineVisible: false });
    const markers = lib.createSeriesMarkers(series, []);
    let marks = [];
    let step = 60;
    const paint = () => {
      const [up, down] = [colour("up"), colour("down")];
      chart.applyOptions(look());
      series.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
      mark();
    };
    const mark = () => {
      const range = chart.timeScale().getVisibleRange();
      const seen = range ? marks.filter(({ time }) => time >= range.from && time <= range.to) : [];
      const few = seen.length <= MARKERS_MAX;
      find("data-hint").textContent = few
        ? "tap a trade below to go there"
        : `${seen.length.toLocaleString("en-US")} executions in sight: zoom in, or tap a trade below`;
      markers.setMarkers(
        few ? seen.map((each) => ({ ...each, color: colour(each.shape === "arrowUp" ? "up" : "down") })) : [],
      );
    };
    const show = (symbol) => {
      const bars = data.bars[symbol];
      step = bars[1][0] - bars[0][0];
      const places = Math.max(2, ...bars.slice(0, 50).map((bar) => (String(bar[4]).split(".")[1] ?? "").length));
      series.applyOptions({ priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
      chart.applyOptions({ localization: { priceFormatter: (value) => grouped(value, places) } });
      series.setData(bars.map(([time, open, high, low, close]) => ({ time, open, high, low, close })));
      marks = data.executions
        .filter(([of]) => of === symbol)
        .map(([, at, side, , role]) => ({
          time: Math.floor(seconds(at) / step) * step,
          position: side === "Buy" ? "belowBar" : "aboveBar",
          shape: side === "Buy" ? "arrowUp" : "arrowDown",
          text: role.replace("_", " "),
        }));
      chart.timeScale().fitContent();
      mark();
    };
    const go = (trade) => {
      if (!symbols.includes(trade.symbol)) return;
      select.value = trade.symbol;
      show(trade.symbol);
      const [from, to] = [seconds(trade.opened), seconds(trade.closed)];
      const room = Math.max(20 * step, to - from);
      const times = data.bars[trade.symbol];
      const [first, last] = [times[0][0], times[times.length - 1][0]];
      chart.timeScale().setVisibleRange({ from: Math.max(first, from - room), to: Math.min(last, to + room) });
      find("data-candles").scrollIntoView({ behavior: "smooth", block: "center" });
    };
    select.addEventListener("change", () => show(select.value));
    chart.timeScale().subscribeVisibleTimeRangeChange(mark);
    paint();
    show(symbols[0]);
    return { paint, go };
  }

  // Trades

  const lasted = (minutes) =>
    minutes < 120 ? `${minutes} min` : minutes < 2880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1440).toFixed(1)} d`;
  const toned = (value) => (value > 0 ? "gain" : value < 0 ? "loss" : "");
  const orDash = (value, places) => (value === null ? "–" : grouped(value, places));

  const COLUMNS = [
    [(t) => t.number],
    [(t) => t.symbol, "t"],
    [(t) => t.side, "t"],
    [(t) => grouped(t.net), (t) => toned(Number(t.net))],
    [(t) => t.opened.slice(0, 16).replace("T", " "), "t"],
    [(t) => lasted(t.minutes)],
    [(t) => t.entry_price],
    [(t) => t.exit_price],
    [(t) => t.qty],
    [(t) => t.legs],
    [(t) => grouped(t.costs)],
    [(t) => orDash(t.mae)],
    [(t) => orDash(t.mfe)],
    [(t) => orDash(t.r)],
    [(t) => t.reason.replace("_", " "), "t"],
  ];

  function listTrades(go) {
    const table = find("data-trades");
    const body = table.tBodies[0];
    const more = find("data-more");
    const trades = data.trades.map((trade) => ({
      ...trade,
      minutes: Math.round((Date.parse(trade.closed) - Date.parse(trade.opened)) / 60000),
      costs: Number(trade.fees) + Number(trade.funding),
    }));
    trades.forEach((trade, place) => (trade.number = place + 1));
    table.toggleAttribute("data-linked", Boolean(go));
    let shown = ROWS;
    const row = (trade) => {
      const line = document.createElement("tr");
      for (const [text, tone] of COLUMNS) {
        const cell = line.insertCell();
        cell.textContent = text(trade);
        cell.className = typeof tone === "function" ? tone(trade) : (tone ?? "");
      }
      if (go) line.addEventListener("click", () => go(trade));
      return line;
    };
    const list = () => {
      body.replaceChildren(...trades.slice(0, shown).map(row));
      more.hidden = trades.length <= shown;
      find("data-count").textContent = trades.length
        ? `${Math.min(shown, trades.length).toLocaleString("en-US")} of ${trades.length.toLocaleString("en-US")}`
        : "";
    };
    const sorted = (head) => {
      const key = head.dataset.sort;
      const down = head.ariaSort !== "descending";
      for (const other of table.tHead.rows[0].cells) other.ariaSort = "none";
      head.ariaSort = down ? "descending" : "ascending";
      const worth = (trade) => (trade[key] !== null && trade[key] !== "" && !Number.isNaN(Number(trade[key])) ? Number(trade[key]) : trade[key]);
      trades.sort((a, b) => {
        const [one, other] = [worth(a), worth(b)];
        if (one === null || other === null) return (one === null) - (other === null);
        return (one < other ? -1 : one > other ? 1 : 0) * (down ? -1 : 1);
      });
      list();
    };
    for (const head of table.tHead.rows[0].cells) head.firstElementChild.addEventListener("click", () => sorted(head));
    more.addEventListener("click", () => {
      shown += 20 * ROWS;
      list();
    });
    find('data-empty="trades"').hidden = trades.length > 0;
    table.parentElement.hidden = !trades.length;
    list();
  }

  const paintEquity = drawEquity();
  const candles = drawCandles();
  listTrades(candles.go);
  const themed = (theme) => {
    root.dataset.theme = theme;
    paintEquity();
    candles.paint();
  };
  find("data-theme-switch")?.addEventListener("click", () => themed(root.dataset.theme === "dark" ? "light" : "dark"));
  let before = "dark";
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    themed("light");
  });
  addEventListener("afterprint", () => themed(before));
})();
