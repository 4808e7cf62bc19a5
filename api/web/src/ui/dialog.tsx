/** A modal dialog: the browser's own, which keeps the focus inside and closes on Escape. */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: Props) {
  const place = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // before the next key comes: whoever types fast has chosen by the time it is painted
  useLayoutEffect(() => {
    const dialog = place.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={place} class={wide ? "wide-dialog" : ""} aria-labelledby={heading} onCancel={onClose}>
      <div class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button type="button" class="quiet close" aria-label={t("action.close")} onClick={onClose}>
          ×
        </button>
      </div>
      {children}
    </dialog>
  );
}
