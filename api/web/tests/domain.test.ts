import { describe, expect, it } from "vitest";
import { problemFrom, problemKey } from "../src/api/problem";
import type { Transition } from "../src/api/types";
import { filtersFrom, NO_FILTERS, ORDERS, queryOf, searchOf, tabsOf } from "../src/domain/filters";
import * as format from "../src/domain/format";
import { pathOf, roundLength, toPixels, type Frame } from "../src/domain/frame";
import { choiceKey, commandOf, KEYS } from "../src/domain/keys";
import * as runs from "../src/domain/runs";
import { inverseOf, needsNote } from "../src/domain/undo";
import { around, bboxText, centreOf, holds, needsAsking, widened, type Box } from "../src/domain/view";
import { machineFacts } from "../src/lead/machine";
import { addressOf, routeOf } from "../src/route";

describe("filters", () => {
  const filters = {
    ...NO_FILTERS, district: "310151", status: "candidate", priority: ["P1", "P2"], order: "largest",
  };

  it("survive the address", () => {
    expect(filtersFrom(searchOf(filters))).toEqual(filters);
    expect(searchOf(NO_FILTERS)).toBe("");
    expect(filtersFrom("")).toEqual(NO_FILTERS);
  });

  it("become parameters, several values as a list", () => {
    expect(queryOf(filters)).toEqual({
      order: "largest", district: ["310151"], status: ["candidate"], priority: ["P1", "P2"],
    });
  });

  it("take no unknown order", () => expect(filtersFrom("?order=x").order).toBe("priority"));

  it("keep each order in the address and ask for it", () => {
    expect(ORDERS).toContain("uncertain");
    for (const order of ORDERS) {
      const asked = { ...NO_FILTERS, order };
      expect(filtersFrom(searchOf(asked))).toEqual(asked);
      expect(queryOf(asked)).toEqual({ order });
    }
  });

  it("start each role at its work", () => {
    const first = (role: "analyst" | "dispatcher" | "district_officer" | "audit_admin") =>
      tabsOf({ role, account_id: "a" })[0]?.status;
    expect(first("analyst")).toBe("candidate");
    expect(first("dispatcher")).toBe("pending_dispatch");
    expect(first("district_officer")).toBe("dispatched");
    expect(first("audit_admin")).toBe("");
  });
});

describe("address", () => {
  it("names the open lead and nothing that is none", () => {
    const route = routeOf("/leads/0123456789abcdef", "?status=candidate", "#map");
    expect(route).toMatchObject({ leadId: "0123456789abcdef", map: true });
    expect(addressOf(route)).toBe("/leads/0123456789abcdef?status=candidate#map");
    expect(routeOf("/leads/../x", "", "").leadId).toBeNull();
  });

  it("names the page of runs and what is open there", () => {
    for (const kind of ["run", "job"] as const) {
      const address = `/${kind}s/0123456789abcdef`;
      const route = routeOf(address, "", "");
      expect(route).toMatchObject({ section: "runs", leadId: null, opened: { kind, id: "0123456789abcdef" } });
      expect(addressOf(route)).toBe(address);
    }
    expect(addressOf(routeOf("/runs", "", ""))).toBe("/runs");
    expect(routeOf("/runs/x", "", "")).toMatchObject({ section: "leads", opened: null });
  });

  it("names the page of flights and which is open there", () => {
    for (const address of ["/flights", "/flights/f-0123456789ab"]) {
      expect(addressOf(routeOf(address, "", ""))).toBe(address);
    }
    expect(routeOf("/flights/f-0123456789ab", "", "")).toMatchObject({ section: "flights", flightId: "f-0123456789ab" });
  });
});

describe("runs", () => {
  const progress = {
    stage: "tiles", tiles: 10, tiles_done: 4, tiles_empty: 1, tiles_set_aside: 1, pixels: 1000,
    pixels_done: 1000, megapixels_per_second: null, seconds_left: null, errors: {}, notes: [],
  };

  it("are asked for often while one may move", () => {
    const often = runs.askAgainAfter([{ state: "failed" }, { state: "queued" }]);
    expect(often).toBeLessThan(5000);
    expect(runs.askAgainAfter([{ state: "leased" }])).toBe(often);
    expect(runs.askAgainAfter([{ state: "failed" }])).toBeGreaterThan(often);
  });

  it("are whole only when they are filed", () => {
    expect(runs.shareDone(progress)).toBeLessThan(1);
    expect(runs.shareDone({ ...progress, stage: "filing" })).toBe(1);
    expect(runs.shareDone({ ...progress, pixels: 0 })).toBe(0);
    expect(runs.tilesLeft(progress)).toBe(5);
  });

  it("tell time to the second and the commonest error first", () => {
    expect(runs.durationOf(3725.4)).toEqual({ hours: 1, minutes: 2, seconds: 5 });
    expect(runs.durationOf(-3)).toEqual({ hours: 0, minutes: 0, seconds: 0 });
    expect(runs.byCount({ a: 1, c: 4, b: 4 })).toEqual([["b", 4], ["c", 4], ["a", 1]]);
  });
});

describe("undo", () => {
  const row = (action: string, from: string, to: string, required: string[] = []) =>
    ({ action, from_statuses: [from], to_status: to, roles: ["analyst"], required, optional: [] }) as Transition;
  const table = [
    row("claim", "candidate", "desk_review"),
    row("release", "desk_review", "candidate"),
    row("redraw", "desk_review", "desk_review", ["outline"]),
    row("discard", "desk_review", "discarded", ["discard_reason"]),
    row("submit", "desk_review", "pending_dispatch", ["change_class", "layers_consulted"]),
    row("reopen", "discarded", "desk_review", ["note"]),
  ];

  it("follows the declared table", () => {
    expect(inverseOf({ from: "candidate", to: "desk_review" }, "analyst", table)).toBe("release");
    expect(inverseOf({ from: "desk_review", to: "candidate" }, "analyst", table)).toBe("claim");
    expect(inverseOf({ from: "desk_review", to: "discarded" }, "analyst", table)).toBe("reopen");
    expect(needsNote("reopen", table)).toBe(true);
    expect(needsNote("release", table)).toBe(false);
  });

  it("is not offered where new facts would be needed, nor to another role", () => {
    expect(inverseOf({ from: "desk_review", to: "pending_dispatch" }, "analyst", table)).toBeNull();
    expect(inverseOf({ from: "discarded", to: "desk_review" }, "analyst", table)).toBeNull();
    expect(inverseOf({ from: "desk_review", to: "desk_review" }, "analyst", table)).toBeNull();
    expect(inverseOf({ from: "candidate", to: "desk_review" }, "dispatcher", table)).toBeNull();
  });
});

describe("the frame of the pictures", () => {
  // turned by a little, as a working grid is against degrees
  const frame: Frame = {
    corners: [[121.7444, 31.5801], [121.7783, 31.5797], [121.7778, 31.5506], [121.7439, 31.551]],
    pixels: 1024,
  };

  it("has its corners where the picture has", () => {
    const wanted = [[0, 0], [1024, 0], [1024, 1024], [0, 1024]];
    frame.corners.forEach((corner, at) => {
      const [x, y] = toPixels(frame, corner);
      expect(Math.hypot(x - wanted[at]![0]!, y - wanted[at]![1]!)).toBeLessThan(1);
    });
  });

  it("draws every ring and closes it", () => {
    const ring = frame.corners.slice(0, 3);
    expect(pathOf(frame, [[ring, ring], [ring]]).match(/M[^MZ]+Z/g)).toHaveLength(3);
  });

  it("has a round scale bar that fits", () => {
    for (const most of [0.7, 3, 9.99, 10, 123, 4999, 5000]) {
      const bar = roundLength(most);
      expect(bar).toBeLessThanOrEqual(most);
      expect(bar).toBeGreaterThan(most / 2.51);
    }
    expect(roundLength(0)).toBe(0);
  });
});

describe("the map's questions", () => {
  const view: Box = [121.4, 31.4, 121.5, 31.5];

  it("are not asked again for what is at hand", () => {
    const fetched = { box: widened(view, 0.3), whole: true };
    expect(needsAsking(view, null)).toBe(true);
    expect(needsAsking(view, fetched)).toBe(false);
    expect(needsAsking([121.2, 31.4, 121.3, 31.5], fetched)).toBe(true);
    const near: Box = [121.44, 31.44, 121.46, 31.46];
    expect(needsAsking(near, fetched)).toBe(false);
    expect(needsAsking(near, { ...fetched, whole: false })).toBe(true);
  });

  it("stay within the world", () => {
    expect(widened([-179, -89, 179, 89], 1)).toEqual([-180, -90, 180, 90]);
    expect(holds(widened(view, 0.1), view)).toBe(true);
    expect(bboxText(view)).toBe("121.400000,31.400000,121.500000,31.500000");
  });

  it("write a name in the middle of the largest part", () => {
    const square = (x: number, edge: number) =>
      [[[x, 31], [x + edge, 31], [x + edge, 31 + edge], [x, 31 + edge], [x, 31]]];
    const [lon, lat] = centreOf([square(121, 0.1), square(122, 0.4)]);
    expect(lon).toBeCloseTo(122.2, 9);
    expect(lat).toBeCloseTo(31.2, 9);
    expect(centreOf([])).toEqual([0, 0]);
  });

  it("begin around what there is", () => {
    expect(around([])).toBeNull();
    expect(around([[1, 2], [3, 0]])).toEqual([1, 0, 3, 2]);
  });
});

describe("keys", () => {
  const press = (key: string, more = {}) =>
    commandOf({ key, ctrlKey: false, metaKey: false, altKey: false, writing: false, ...more });

  it("mean one thing each", () => {
    expect(new Set(KEYS.map((row) => row.key)).size).toBe(KEYS.length);
    expect(press("j")).toBe("next");
    expect(press("J")).toBe("next");
    expect(press("q")).toBeNull();
  });

  it("do nothing while somebody writes or the browser is meant", () => {
    expect(press("x", { writing: true })).toBeNull();
    expect(press("c", { ctrlKey: true })).toBeNull();
  });

  it("are enough for the longest list of reasons", () => {
    const keys = Array.from({ length: 25 }, (_, at) => choiceKey(at));
    expect(new Set(keys).size).toBe(25);
    expect(keys).not.toContain("y"); // ticks that layers were consulted
  });
});

describe("numbers", () => {
  it("never round a part up to the whole or down to nothing", () => {
    expect(format.percent(1)).toBe("100%");
    expect(format.percent(0.99996)).toBe(">99.9%");
    expect(format.percent(0)).toBe("0%");
    expect(format.percent(0.0002)).toBe("<0.1%");
    expect(format.percent(0.9812)).toBe("98.1%");
  });

  it("tell a range only where there is one", () => {
    expect(format.percentRange(0.5, 0.5)).toBe("");
    expect(format.percentRange(0.48, 0.52)).toBe("48%–52%");
  });

  it("are in the city's time", () => {
    expect(format.dayAfter(new Date("2026-11-21T16:30:00Z"), 0)).toBe("2026-11-22");
    expect(format.dayAfter(new Date("2026-11-22T00:00:00Z"), 15)).toBe("2026-12-07");
    expect(format.endOfWork("2026-12-07")).toBe("2026-12-07T17:00:00+08:00");
    expect(format.instant("2026-11-22T00:05:00Z", "zh-CN")).toContain("08:05");
  });

  it("are areas and lengths", () => {
    expect(format.squareMetres(4924.6, "zh-CN")).toBe("4,925");
    expect(format.metres(500)).toBe("500 m");
    expect(format.metres(2000)).toBe("2 km");
  });
});

describe("what the model says", () => {
  it("is told where it says something", () => {
    const rows = machineFacts({ machine_class: "waste_heap", uncertainty: 0.256 });
    expect(rows.map(([name]) => name)).toEqual(["模型建议类型", "模型不确定度"]);
    expect(rows[1]![1]).toMatch(/^0\.26（/);
    expect(machineFacts({ machine_class: "unclassified", uncertainty: 0 })).toHaveLength(1);
  });

  it("is left out where it says nothing", () => {
    expect(machineFacts({ machine_class: "unclassified", uncertainty: null })).toEqual([]);
  });
});

describe("problems", () => {
  it("are told by their code", () => {
    const stale = problemFrom(412, { code: "stale", detail: "d", errors: [] });
    expect([stale.status, problemKey(stale)]).toEqual([412, "problem.stale"]);
    const input = problemFrom(422, { code: "input", errors: [{ field: "body.note" }] });
    expect(input.fields).toEqual(["body.note"]);
  });

  it("that are no problem+json are an internal failure", () => {
    expect(problemKey(problemFrom(502, "<html>"))).toBe("problem.internal");
    expect(problemKey(problemFrom(500, undefined))).toBe("problem.internal");
  });
});
