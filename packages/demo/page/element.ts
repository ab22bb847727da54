type Child = Node | string | undefined | false;

/** Builds an element; attributes whose value is undefined are left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const built = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) built.setAttribute(attribute, value);
  }
  built.append(...children.filter((child) => child !== undefined && child !== false));
  return built;
}
