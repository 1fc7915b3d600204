import { render } from "preact";
import { signInAgain } from "../shared/signer/current.ts";
import { Dashboard } from "./dashboard.tsx";

const view = document.querySelector("#view");
if (view) {
  await signInAgain();
  render(<Dashboard />, view);
}
