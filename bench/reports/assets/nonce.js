// plotly makes style sheets of its own, which the page's policy lets through with the page's nonce alone.
{
  const { nonce } = document.currentScript;
  const make = document.createElement.bind(document);
  document.createElement = (name, options) => {
    const made = make(name, options);
    if (name.toLowerCase() === "style") made.nonce = nonce;
    return made;
  };
}
