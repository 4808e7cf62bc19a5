/** The page of runs: what is under way, what was filed, and one of them with everything. */

import { useState } from "preact/hooks";
import type { Me } from "../api/types";
import { t, word } from "../i18n";
import { route } from "../route";
import { useStore } from "../store";
import { Notice, type Told } from "../ui/notice";
import { TopBar } from "../ui/top-bar";
import { RunList } from "./run-list";
import { RunPanel } from "./run-panel";
import { useOpened } from "./use-opened";
import { useRuns } from "./use-runs";
import { WithdrawDialog } from "./withdraw-dialog";
import { countsText } from "./words";

export function RunsPage({ me }: { me: Me }) {
  const { opened } = useStore(route);
  const list = useRuns();
  const [read, setRun] = useOpened(opened, list.round);
  const [asking, setAsking] = useState(false);
  const [told, setTold] = useState<Told | null>(null);
  return (
    <div class={`shell runs-page ${opened ? "has-run" : ""}`}>
      <TopBar me={me} />
      <main class="runs-main" aria-label={t("runs.title")}>
        <RunList list={list} opened={opened} />
      </main>
      {opened && (
        <RunPanel read={read} mayWithdraw={me.rights.includes("withdraw")} onWithdraw={() => setAsking(true)} />
      )}
      {asking && read.run && (
        <WithdrawDialog
          run={read.run}
          onClose={() => setAsking(false)}
          onDone={(run) => {
            setAsking(false);
            setRun(run);
            list.reload();
            const counts = run.withdrawal ? countsText("withdrawal_outcome", run.withdrawal.outcomes) : "";
            setTold({ text: `${word("machine_action", "withdrawn")} · ${counts || t("value.no")}`, bad: false });
          }}
        />
      )}
      <Notice told={told} onClose={() => setTold(null)} />
    </div>
  );
}
