import { render } from "preact";
import { signInAgain } from "../shared/signer/current.ts";
import { Dashboard } from "./dashboard.tsx";

const view = document.querySelector("#view");
if (view) render(<Dashboard />, view);
// The extension may ask the person first, so the page does not wait for it.
void signInAgain();
