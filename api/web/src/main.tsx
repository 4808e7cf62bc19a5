/** Starts the page. */

import { render } from "preact";
import { App } from "./app";
import { readSession } from "./api/calls";
import { language, setLanguage } from "./i18n";
import { followHistory } from "./route";
import { session } from "./session";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/list.css";
import "./styles/lead.css";
import "./styles/map.css";
import "./styles/runs.css";
import "./styles/flights.css";
import "./styles/passes.css";

setLanguage(language.get());
followHistory();
const place = document.getElementById("page");
if (place) render(<App />, place);
readSession().then(session.set, () => session.set(null));
