/** The overlay that tells every key. */

import { KEYS, type KeyRow } from "../domain/keys";
import { t } from "../i18n";
import { Dialog } from "./dialog";

const GROUPS: readonly KeyRow["group"][] = ["list", "review", "dispatch", "view"];

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t("keys.title")} onClose={onClose} wide>
      <div class="key-groups">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{t(`keys.group.${group}`)}</h3>
            <dl>
              {KEYS.filter((row) => row.group === group).map((row) => (
                <div key={row.key}>
                  <dt>
                    <kbd>{row.key === "Escape" ? "Esc" : row.key.toUpperCase()}</kbd>
                  </dt>
                  <dd>{t(row.label)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="fine">{t("keys.dialogs")}</p>
    </Dialog>
  );
}
