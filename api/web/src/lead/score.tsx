/** The score card in words: rules first, then groups; what could not be read is told as unknown. */

import type { ScoreCard, ScoreItem } from "../api/types";
import { decimal, percent, squareMetres } from "../domain/format";
import { className, language, LOCALES, say, t, word } from "../i18n";

type Group = ScoreCard["groups"][number];

export function Score({ card }: { card: ScoreCard }) {
  return (
    <section class="score">
      <h3>{t("score.title")}</h3>
      <Rules card={card} />
      <div class="score-sides">
        <Side card={card} side="likelihood" value={card.likelihood} />
        <Side card={card} side="severity" value={card.severity} />
      </div>
      <p class="fine">
        {t("score.completeness", { share: percent(card.completeness), edition: card.edition })}
      </p>
    </section>
  );
}

function Rules({ card }: { card: ScoreCard }) {
  const holding = card.rules.filter((rule) => rule.holds === true);
  const unknown = card.rules.filter((rule) => rule.holds === null);
  return (
    <div class="rules">
      {holding.length === 0 && <p>{t("score.no_rule")}</p>}
      {holding.map((rule) => (
        <p key={rule.rule} class="rule">
          <strong>{say(rule)}</strong>
          <span class="fine">{rule.citation}</span>
        </p>
      ))}
      {unknown.length > 0 && (
        <details>
          <summary>{t("score.rules_unknown", { count: unknown.length })}</summary>
          <ul class="plain">
            {unknown.map((rule) => (
              <li key={rule.rule}>
                {say(rule)} <span class="unknown">{t("value.unknown")}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Side({ card, side, value }: { card: ScoreCard; side: string; value: number }) {
  const groups = card.groups.filter((group) => group.side === side);
  const name = t(side === "severity" ? "score.severity" : "score.likelihood");
  return (
    <div class="score-side">
      <div class="score-total">
        <span>{name}</span>
        <meter min={0} max={100} value={value} aria-label={name} />
        <strong>{value}</strong>
      </div>
      {groups.map((group) => (
        <ScoreGroup
          key={group.group}
          group={group}
          items={card.items.filter((item) => item.group === group.group)}
        />
      ))}
    </div>
  );
}

function ScoreGroup({ group, items }: { group: Group; items: readonly ScoreItem[] }) {
  const known = items.filter((item) => item.points !== null);
  const unknown = items.filter((item) => item.points === null);
  return (
    <div class="score-group">
      <p class="score-group-head">
        <span>{say(group)}</span>
        <span>
          {known.length ? (
            t("score.of_cap", { points: group.points, cap: group.cap })
          ) : (
            <span class="unknown">{t("value.unknown")}</span>
          )}
        </span>
      </p>
      <ul class="plain">
        {known.map((item) => (
          <li key={item.item} class="score-item" title={item.basis}>
            <span>
              {say(item)}
              <span class="raw">{rawText(item)}</span>
              {item.source && <span class="fine block">{item.source}</span>}
            </span>
            <span class="points">{signed(item.points ?? 0)}</span>
          </li>
        ))}
        {unknown.length > 0 && (
          <li class="score-unknown">
            <span class="unknown">{t("value.unknown")}</span>{" "}
            {unknown.map((item) => say(item)).join(t("list.comma"))}
          </li>
        )}
      </ul>
    </div>
  );
}

const signed = (points: number): string => (points > 0 ? `+${points}` : `${points}`);

/** What an item was read from, in words. */
function rawText({ item, raw }: ScoreItem): string {
  if (raw === null || raw === undefined) return t("value.unknown");
  if (typeof raw === "boolean") return t(raw ? "value.yes" : "value.no");
  if (typeof raw === "number") return numberText(item, raw);
  if (Array.isArray(raw)) {
    return raw.length ? raw.map((one) => word("level", String(one))).join(t("list.comma")) : t("value.no");
  }
  return item === "change_class" ? className(String(raw)) : String(raw);
}

/** Items that are a share of the lead, an area, or a length; other numbers stand as they are. */
const SHARES = new Set(["eco_redline", "licensed_site", "green_land", "basic_farmland", "river_management"]);

function numberText(item: string, value: number): string {
  const locale = LOCALES[language.get()];
  if (SHARES.has(item)) return percent(value);
  if (item === "area") return t("unit.m2", { area: squareMetres(value, locale) });
  if (item === "misregistration") return t("unit.m", { length: decimal(value, locale) });
  return decimal(value, locale);
}
