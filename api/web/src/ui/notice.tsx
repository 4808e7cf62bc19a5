/** What just happened, and the way back. */

import { useEffect } from "preact/hooks";
import { t } from "../i18n";

export interface Told {
  text: string;
  /** The server's own line. */
  detail?: string;
  bad: boolean;
  undo?: () => void;
}

const STAYS_MS = 12_000;

export function Notice({ told, onClose }: { told: Told | null; onClose: () => void }) {
  useEffect(() => {
    if (!told || told.bad) return;
    const timer = setTimeout(onClose, STAYS_MS);
    return () => clearTimeout(timer);
  }, [told]);
  return (
    <div class="notice-place" role={told?.bad ? "alert" : "status"}>
      {told && (
        <div class={told.bad ? "notice bad" : "notice"}>
          <div>
            {told.text}
            {told.detail && (
              <details>
                <summary>{t("problem.detail")}</summary>
                <code>{told.detail}</code>
              </details>
            )}
          </div>
          {told.undo && (
            <button type="button" onClick={told.undo}>
              {t("action.undo")} <kbd>U</kbd>
            </button>
          )}
          <button type="button" class="close" aria-label={t("action.close")} onClick={onClose}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
