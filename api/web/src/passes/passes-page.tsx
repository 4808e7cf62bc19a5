/** The page of passes: how fresh the sight of each district is, and what came in. */

import { problemKey } from "../api/problem";
import type { Me } from "../api/types";
import { t } from "../i18n";
import { route } from "../route";
import { useStore } from "../store";
import { TopBar } from "../ui/top-bar";
import { CoveragePlace } from "./coverage-place";
import { DistrictTable } from "./district-table";
import { PassRows, WatchRows } from "./pass-rows";
import { usePasses } from "./use-coverage";

export function PassesPage({ me }: { me: Me }) {
  const { district } = useStore(route);
  const ledger = me.rights.includes("passes");
  const list = usePasses(ledger);
  const { coverage } = list;
  const code = district ?? coverage?.districts[0]?.district_code ?? null;
  return (
    <div class="shell passes-page">
      <TopBar me={me} />
      <main class="passes-main" aria-label={t("passes.title")}>
        {list.waiting && <p class="waiting">{t("app.loading")}</p>}
        {list.problem && (
          <p class="problem" role="alert">
            {t(problemKey(list.problem))}{" "}
            <button type="button" onClick={list.reload}>
              {t("action.again")}
            </button>
          </p>
        )}
        {coverage && (
          <>
            <h2>{t("passes.seen")}</h2>
            {coverage.districts.length ? (
              <DistrictTable coverage={coverage} code={code} />
            ) : (
              <p class="fine">{t("passes.no_district")}</p>
            )}
          </>
        )}
        {ledger && !list.waiting && (
          <>
            <h2>{t("passes.watches")}</h2>
            <WatchRows watches={list.watches} />
            <h2>{t("passes.ledger")}</h2>
            <PassRows passes={list.passes} />
            {list.more && (
              <button type="button" class="quiet" onClick={list.loadMore}>
                {t("list.more")}
              </button>
            )}
          </>
        )}
      </main>
      {coverage && coverage.districts.length > 0 && <CoveragePlace coverage={coverage} code={code} />}
    </div>
  );
}
