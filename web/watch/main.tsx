import { render } from "preact";
import { signInAgain } from "../shared/signer/current.ts";
import { Watch } from "./watch.tsx";

const view = document.querySelector("#view");
if (view) {
  render(<Watch url={`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/`} />, view);
  await signInAgain();
}
