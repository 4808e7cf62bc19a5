/** Small marks of a lead. */

import type { Priority, Status } from "../api/types";
import { word } from "../i18n";

export function PriorityBadge({ priority }: { priority: Priority }) {
  return (
    <span class={`priority ${priority}`} title={word("priority", priority)}>
      {priority}
    </span>
  );
}

export function StatusBadge({ status }: { status: Status }) {
  return <span class={`status ${status}`}>{word("status", status)}</span>;
}
