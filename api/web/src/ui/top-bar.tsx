/** The bar above everything: name, language, keys, account. */

import { logOut } from "../api/calls";
import { ApiProblem } from "../api/problem";
import type { Me } from "../api/types";
import { t, word, type Key } from "../i18n";
import { addressOf, go, route, type Route } from "../route";
import { session } from "../session";
import { useStore } from "../store";
import { LanguageSwitch } from "./language-switch";

/** Each page, its name, and the right that opens it. */
const SECTIONS: readonly (readonly [Route["section"], Key, string])[] = [
  ["leads", "nav.leads", "leads"],
  ["runs", "nav.runs", "imagery"],
  ["passes", "nav.passes", "coverage"],
  ["flights", "nav.flights", "flights"],
];

/** The pages one may see, for those who see more than one. */
function Sections({ rights }: { rights: readonly string[] }) {
  const now = useStore(route);
  const mine = SECTIONS.filter(([, , right]) => rights.includes(right));
  if (mine.length < 2) return null;
  return (
    <nav class="sections" aria-label={t("nav.sections")}>
      {mine.map(([section, name]) => (
        <a
          key={section}
          href={addressOf({ ...now, section })}
          aria-current={now.section === section ? "page" : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab
            event.preventDefault();
            go({ section });
          }}
        >
          {t(name)}
        </a>
      ))}
    </nav>
  );
}

export function TopBar({ me, onHelp }: { me: Me; onHelp?: () => void }) {
  async function leave() {
    try {
      await logOut();
    } catch (problem) {
      // still logged in unless the server says otherwise: never show a log-out that did not happen
      if (!(problem instanceof ApiProblem && problem.status === 401)) return;
    }
    session.set(null);
  }
  return (
    <header class="top-bar">
      <div class="brand">
        <img src="/favicon.svg" alt="" width="28" height="28" />
        <h1>{t("app.name")}</h1>
        <span class="wide">{t("app.subtitle")}</span>
      </div>
      <Sections rights={me.rights} />
      <div class="top-tools">
        <LanguageSwitch />
        {onHelp && (
          <button type="button" class="quiet wide" onClick={onHelp} aria-label={t("keys.title")}>
            <kbd>?</kbd> {t("keys.short")}
          </button>
        )}
        <span class="who">
          <strong>{me.display_name}</strong>
          <span class="wide">
            {me.unit ? word("unit", me.unit) : word("role", me.role)}
          </span>
        </span>
        <button type="button" class="quiet" onClick={leave}>
          {t("log_in.leave")}
        </button>
      </div>
    </header>
  );
}
