/** Shows pictures on pages that the server rendered, when someone asks for them. */

export function showPicturesOnRequest(root: HTMLElement): void {
  root.addEventListener("click", (click) => {
    const link = click.target instanceof Element ? click.target.closest("a.show-picture") : null;
    if (!(link instanceof HTMLAnchorElement) || click.ctrlKey || click.metaKey || click.shiftKey) return;
    click.preventDefault();
    const picture = document.createElement("img");
    picture.className = "picture";
    picture.alt = link.dataset["label"] ?? "";
    picture.referrerPolicy = "no-referrer";
    picture.src = link.href;
    link.replaceWith(picture);
  });
}
