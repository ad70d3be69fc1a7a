// Charts of the desk: candles with executions and lines, and equity. Data comes as JSON from data-url.

/* global LightweightCharts */
const lib = LightweightCharts;
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(`--${name}`).trim();
const LINES = {
  average: { color: "accent", dashed: false },
  stop: { color: "down", dashed: false },
  target: { color: "up", dashed: false },
  leg: { color: "warn", dashed: true },
  entry: { color: "accent", dashed: true },
};

let places = 2;

function grouped(value) {
  return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

function options() {
  return {
    autoSize: true,
    layout: {
      attributionLogo: false,
      background: { color: "transparent" },
      textColor: colour("text-3"),
      fontFamily: style.getPropertyValue("--sans"),
      fontSize: 11,
    },
    grid: { vertLines: { color: `${colour("line")}66` }, horzLines: { color: `${colour("line")}99` } },
    rightPriceScale: { borderColor: colour("line") },
    timeScale: { borderColor: colour("line"), timeVisible: true, secondsVisible: false, rightOffset: 16 },
    crosshair: { mode: lib.CrosshairMode.Normal },
    localization: { locale: "en-GB", priceFormatter: grouped },
  };
}

async function load(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`chart: ${answer.status} from ${url}`);
  return answer.json();
}

function marker(fill) {
  const buy = fill.side === "Buy";
  return {
    time: fill.time,
    position: buy ? "belowBar" : "aboveBar",
    shape: buy ? "arrowUp" : "arrowDown",
    color: buy ? colour("up") : colour("down"),
    text: fill.text,
  };
}

// What was decided at a close: a word beside a shape, so that colour is never all.
const DECISIONS = {
  entered: { color: "up", shape: "arrowUp", position: "belowBar" },
  refused: { color: "warn", shape: "square", position: "aboveBar" },
  near: { color: "o-near", shape: "circle", position: "aboveBar" },
};
const HERE = { color: "accent", shape: "square", position: "aboveBar" };

function decisionMarker({ time, kind, text }) {
  const look = DECISIONS[kind] ?? HERE;
  return { time, text, position: look.position, shape: look.shape, color: colour(look.color) };
}

const BANDS = { up: `${colour("up")}2b`, down: `${colour("down")}2b`, range: `${colour("accent")}1c` };

// Full-height columns behind the candles, one for each stretch of equal state.
class Bands {
  constructor(chart, series) {
    this.chart = chart;
    this.stretches = [];
    const renderer = { draw: () => {}, drawBackground: (target) => this.paint(target) };
    this.views = [{ zOrder: () => "bottom", renderer: () => renderer }];
    series.attachPrimitive(this);
  }

  attached({ requestUpdate }) {
    this.update = requestUpdate;
  }

  paneViews() {
    return this.views;
  }

  show(bands) {
    this.stretches = [];
    for (const { time, state } of bands) {
      const last = this.stretches.at(-1);
      if (last?.state === state) last.to = time;
      else this.stretches.push({ state, from: time, to: time });
    }
    this.update?.();
  }

  paint(target) {
    const scale = this.chart.timeScale();
    const half = scale.options().barSpacing / 2;
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: ratio }) => {
      for (const { state, from, to } of this.stretches) {
        const [left, right] = [scale.timeToCoordinate(from), scale.timeToCoordinate(to)];
        if (left === null || right === null || !BANDS[state]) continue;
        context.fillStyle = BANDS[state];
        const start = Math.round((left - half) * ratio);
        context.fillRect(start, 0, Math.round((right + half) * ratio) - start, bitmapSize.height);
      }
    });
  }
}

class CandleChart {
  constructor(box) {
    this.box = box;
    this.legend = document.getElementById(box.dataset.legend);
    this.chart = lib.createChart(box, options());
    this.candles = this.chart.addSeries(lib.CandlestickSeries, {
      upColor: colour("up"),
      downColor: colour("down"),
      wickUpColor: colour("up"),
      wickDownColor: colour("down"),
      borderVisible: false,
      autoscaleInfoProvider: (original) => this.scale(original()),
    });
    this.volume = this.chart.addSeries(lib.HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.86, bottom: 0 } });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.18 } });
    this.markers = lib.createSeriesMarkers(this.candles, []);
    this.bands = null;
    this.lines = [];
    this.levels = [];
    this.last = null;
    this.fitted = false;
    this.chart.subscribeCrosshairMove((move) => this.tell(move.seriesData?.get(this.candles) ?? this.last));
    if ("still" in box.dataset) {
      this.chart.timeScale().applyOptions({ rightOffset: 2 });
      return;
    }
    box.addEventListener("changed", () => this.refreshSoon());
    document.addEventListener("ailona:event", (event) => this.price(event.detail));
    setInterval(() => this.refresh(), 60_000);
  }

  refreshSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), 400);
  }

  async refresh() {
    let data;
    try {
      data = await load(this.box.dataset.url);
    } catch (error) {
      console.warn(error.message);
      return;
    }
    this.show(data);
  }

  show(data) {
    const rows = data.candles.map(([time, open, high, low, close]) => ({ time, open, high, low, close }));
    places = data.precision;
    this.candles.applyOptions({ priceFormat: { type: "price", precision: data.precision, minMove: data.tick } });
    this.candles.setData(rows);
    this.volume.setData(
      data.candles.map(([time, open, , , close, volume]) => ({
        time,
        value: volume,
        color: `${colour(close >= open ? "up" : "down")}55`,
      })),
    );
    if (data.bands) this.band(data.bands);
    const marks = [...data.executions.map(marker), ...(data.decisions ?? []).map(decisionMarker)];
    this.markers.setMarkers(marks.sort((one, other) => one.time - other.time));
    for (const line of this.lines) this.candles.removePriceLine(line);
    this.lines = data.lines.map((line) => this.line(line));
    this.levels = data.lines.map((line) => line.price);
    this.step = data.step;
    this.last = rows.at(-1) ?? null;
    this.tell(this.last);
    this.box.closest(".card")?.querySelector("[data-chart-empty]")?.toggleAttribute("hidden", rows.length > 0);
    if (!this.fitted && rows.length) {
      if (data.whole) this.chart.timeScale().fitContent();
      else this.chart.timeScale().setVisibleLogicalRange({ from: rows.length - 116, to: rows.length + 16 });
      this.fitted = true;
    }
  }

  // What kind of market each candle stood in, behind it.
  band(bands) {
    this.bands ??= new Bands(this.chart, this.candles);
    this.bands.show(bands);
  }

  // Lines near the candles are kept in sight; a far one must not flatten the candles.
  scale(info) {
    if (!info?.priceRange) return info;
    const { minValue, maxValue } = info.priceRange;
    const reach = (maxValue - minValue) * 0.8;
    const near = this.levels.filter((level) => level > minValue - reach && level < maxValue + reach);
    return { ...info, priceRange: { minValue: Math.min(minValue, ...near), maxValue: Math.max(maxValue, ...near) } };
  }

  line({ kind, price, title }) {
    const look = LINES[kind] ?? LINES.leg;
    return this.candles.createPriceLine({
      price,
      title,
      color: colour(look.color),
      lineWidth: 1,
      lineStyle: look.dashed ? lib.LineStyle.Dashed : lib.LineStyle.Solid,
      axisLabelVisible: true,
    });
  }

  price(event) {
    if (event.symbol !== this.box.dataset.symbol || event.price === undefined || !this.last) return;
    const value = Number(event.price);
    if (!Number.isFinite(value)) return;
    const at = Math.floor((event.time_ms ?? Date.now()) / 1000 / this.step) * this.step;
    const now = at > this.last.time ? { time: at, open: value, high: value, low: value } : this.last;
    this.last = { ...now, high: Math.max(now.high, value), low: Math.min(now.low, value), close: value };
    this.candles.update(this.last);
    this.tell(this.last);
  }

  tell(candle) {
    if (!this.legend || !candle || candle.close === undefined) return;
    const change = ((candle.close - candle.open) / candle.open) * 100;
    const parts = { O: candle.open, H: candle.high, L: candle.low, C: candle.close };
    this.legend.replaceChildren(
      ...Object.entries(parts).map(([name, value]) => item(`${name} `, grouped(value))),
      item("", `${change >= 0 ? "+" : "−"}${Math.abs(change).toFixed(2)}%`, change >= 0 ? "gain" : "loss"),
    );
  }
}

function item(name, value, tone) {
  const span = document.createElement("span");
  const bold = document.createElement("b");
  if (tone) bold.className = tone;
  bold.textContent = value;
  span.append(name, bold);
  return span;
}

class EquityChart {
  constructor(box) {
    this.box = box;
    this.chart = lib.createChart(box, options());
    this.series = this.chart.addSeries(lib.BaselineSeries, {
      topLineColor: colour("up"),
      topFillColor1: `${colour("up")}33`,
      topFillColor2: `${colour("up")}05`,
      bottomLineColor: colour("down"),
      bottomFillColor1: `${colour("down")}05`,
      bottomFillColor2: `${colour("down")}33`,
      lineWidth: 2,
      priceFormat: { type: "price", precision: 2, minMove: 0.01 },
    });
    box.addEventListener("changed", () => this.refreshSoon());
    setInterval(() => this.refresh(), 60_000);
  }

  refreshSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), 1_500);
  }

  async refresh() {
    try {
      const data = await load(this.box.dataset.url);
      const rows = data.points.map(([time, value]) => ({ time, value: Number(value) }));
      this.series.applyOptions({ baseValue: { type: "price", price: Number(data.base) } });
      this.series.setData(rows);
      this.chart.timeScale().fitContent();
      this.box.closest(".card")?.querySelector("[data-chart-empty]")?.toggleAttribute("hidden", rows.length > 1);
    } catch (error) {
      console.warn(error.message);
    }
  }
}

for (const box of document.querySelectorAll("[data-chart]")) {
  const chart = box.dataset.chart === "candles" ? new CandleChart(box) : new EquityChart(box);
  chart.refresh();
}
