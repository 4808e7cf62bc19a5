/** The districts by how fresh what was seen of them is. */

import type { Coverages } from "../api/types";
import { t } from "../i18n";
import { addressOf, go, route } from "../route";
import { number } from "../runs/words";
import { stepName } from "./words";

export function DistrictTable({ coverage, code }: { coverage: Coverages; code: string | null }) {
  return (
    <ul class="plain district-rows" aria-label={t("passes.districts")}>
      {coverage.districts.map((one) => (
        <li key={one.district_code}>
          <a
            class="district-row"
            href={addressOf({ ...route.get(), section: "passes", district: one.district_code })}
            aria-current={one.district_code === code ? "true" : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              go({ section: "passes", district: one.district_code });
            }}
          >
            <span class="run-head">
              <strong>{one.district_name || one.district_code}</strong>
              <span class="fine">
                {one.latest ? t("passes.latest", { day: one.latest }) : t("passes.never")}
              </span>
            </span>
            <span class="ages" role="img" aria-label={agesText(coverage, one.steps)}>
              {one.steps.map((hectares, n) => (
                <span
                  key={coverage.step_names[n]}
                  style={{ flexGrow: hectares, background: coverage.colours[n] ?? "" }}
                  title={`${stepName(coverage.step_names[n] ?? "")}: ${number(hectares)} ha`}
                />
              ))}
            </span>
            <span class="run-line">
              <span>{t("passes.hectares", { hectares: number(one.hectares) })}</span>
              {one.median_days !== null && <span>{t("passes.median", { days: number(one.median_days) })}</span>}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The bar in words. */
function agesText(coverage: Coverages, steps: readonly number[]): string {
  return steps
    .map((hectares, n) => `${stepName(coverage.step_names[n] ?? "")} ${number(hectares)} ha`)
    .join(t("list.comma"));
}
