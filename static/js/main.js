// On every page: keys, the go-to-page box, copying, dates, menus, colours. The page works without
// any of it.
import { startCode } from "./site/code.js";
import { startCopying } from "./site/copy.js";
import { openGoto, startGoto } from "./site/goto.js";
import { openHelp } from "./site/help.js";
import { addKeys, startKeys } from "./site/keys.js";
import { startMenus } from "./site/menus.js";
import { startNotices } from "./site/notices.js";
import { base, mayEdit } from "./site/page.js";
import { startTheme } from "./site/theme.js";
import { startTimes } from "./site/times.js";

const to = (address) => () => location.assign(base() + address);

function search() {
  const field = document.getElementById("search-q") ?? document.getElementById("site-q");
  field?.focus();
  field?.select();
}

addKeys({
  "/": search,
  "?": openHelp,
  "g g": openGoto,
  "g h": to("/"),
  "g p": to("/-/pages"),
  "g r": to("/-/recent"),
  "g c": to("/-/conflicts"),
});
if (mayEdit()) addKeys({ c: to("/-/new") });

startKeys();
startGoto();
startCode();
startCopying();
startMenus();
startNotices();
startTheme();
startTimes();
