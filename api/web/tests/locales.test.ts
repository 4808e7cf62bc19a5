import ts from "typescript";
import { describe, expect, it } from "vitest";
import en from "../src/locales/en.json";
import zh from "../src/locales/zh.json";

const sources = import.meta.glob<string>(["../src/**/*.ts", "../src/**/*.tsx", "!**/*.d.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const files = Object.entries(sources).map(([name, text]) => ({ name, text }));

const CHINESE = /\p{Script=Han}/u;
const LETTERS = /\p{L}/u;
/** Attributes that people read or hear. */
const READ = new Set(["aria-label", "title", "placeholder", "alt", "label"]);
/** Names of keys, which are the same in every language, and the sign on a close button. */
const SIGNS = new Set(["N", "B", "U", "Y", "Esc", "Enter", "P"]);

function literals(name: string, text: string): string[] {
  const found: string[] = [];
  const tree = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node) && LETTERS.test(node.text) && !SIGNS.has(node.text.trim())) {
      found.push(`${name}: text ${node.text.trim()}`);
    }
    if (ts.isJsxAttribute(node) && READ.has(node.name.getText()) && node.initializer) {
      if (ts.isStringLiteral(node.initializer) && node.initializer.text) {
        found.push(`${name}: ${node.getText()}`);
      }
    }
    const isText = ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node);
    if (isText && CHINESE.test(node.text)) found.push(`${name}: ${node.text}`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

describe("text", () => {
  it("stands in the locale files alone", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(({ name, text }) => literals(name, text))).toEqual([]);
  });

  it("would be found in a component", () => {
    expect(literals("a.tsx", "const a = <p title=\"Hello\">你好</p>;")).toHaveLength(2);
  });

  it("is complete in both languages, with the same places to fill in", () => {
    expect(Object.keys(en)).toEqual(Object.keys(zh));
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const [key, text] of Object.entries(zh)) {
      expect(text.trim(), key).not.toBe("");
      expect(places(en[key as keyof typeof en]), key).toEqual(places(text));
    }
  });

  it("is all used", () => {
    const all = files.map(({ text }) => text).join("\n");
    const madeUp = /^(tabs\.|keys\.group\.|order\.|list\.comma)/; // keys put together from codes
    const unused = Object.keys(zh).filter((key) => !madeUp.test(key) && !all.includes(`"${key}"`));
    expect(unused).toEqual([]);
  });

  it("speaks of suspicions", () => {
    const said = [...Object.values(zh), ...Object.values(en)].join("\n");
    expect(said).not.toMatch(/违法|违规|犯罪|illegal|unlawful|violation|crime/i);
    expect(zh["lead.suspected"]).toContain("疑似");
    expect(zh["score.advice"]).toContain("优先核查建议");
  });
});
