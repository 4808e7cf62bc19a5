/** Chinese or English. */

import { language, setLanguage, t } from "../i18n";
import { useStore } from "../store";

export function LanguageSwitch() {
  const spoken = useStore(language);
  const other = spoken === "zh" ? "en" : "zh";
  return (
    <button
      type="button"
      class="quiet language"
      lang={other}
      aria-label={t("language.switch")}
      onClick={() => setLanguage(other)}
    >
      {t("language.other")}
    </button>
  );
}
