/** The whole page: log-in, the desk, the runs, the passes, or the flights. */

import { useEffect, useState } from "preact/hooks";
import { readVocabulary } from "./api/calls";
import { Desk } from "./desk/desk";
import { language, t } from "./i18n";
import { FlightsPage } from "./flights/flights-page";
import { PassesPage } from "./passes/passes-page";
import { route } from "./route";
import { RunsPage } from "./runs/runs-page";
import { session, vocabulary } from "./session";
import { useStore } from "./store";
import { LogIn } from "./ui/log-in";
import { TopBar } from "./ui/top-bar";

export function App() {
  const me = useStore(session);
  const words = useStore(vocabulary);
  const spoken = useStore(language); // draws everything again in the other language
  const { section } = useStore(route);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    document.title = t("app.title");
  }, [spoken]);

  useEffect(() => {
    if (!me) return;
    setFailed(false);
    readVocabulary().then(vocabulary.set, () => setFailed(true));
  }, [me]);

  if (me === undefined) return <p class="waiting">{t("app.loading")}</p>;
  if (me === null) return <LogIn />;
  if (failed) return <p class="waiting">{t("problem.network")}</p>;
  if (!words) return <p class="waiting">{t("app.loading")}</p>;
  const seesLeads = me.rights.includes("leads");
  if (me.rights.includes("coverage") && section === "passes") {
    return <PassesPage key={me.account_id} me={me} />;
  }
  const brings = me.rights.includes("flights");
  const onlyBrings = brings && !seesLeads && !me.rights.includes("imagery");
  if (brings && (section === "flights" || onlyBrings)) {
    return <FlightsPage key={me.account_id} me={me} />;
  }
  if (me.rights.includes("imagery") && (section === "runs" || !seesLeads)) {
    return <RunsPage key={me.account_id} me={me} />;
  }
  if (!seesLeads) {
    return (
      <div class="shell">
        <TopBar me={me} />
        <main class="no-leads">
          <h2>{t("no_leads.title")}</h2>
          <p>{t("no_leads.text")}</p>
        </main>
      </div>
    );
  }
  return <Desk key={me.account_id} me={me} />;
}
