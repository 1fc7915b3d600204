import { render } from "preact";

const view = document.querySelector("#view");
if (view) render(<p>explore</p>, view);
