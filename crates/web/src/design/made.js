// An element with text and class. This stands before each of our scripts as they are sent, so that none waits for another.
const made = (name, text = "", className = "") => {
  const node = document.createElement(name);
  node.textContent = text;
  if (className) node.className = className;
  return node;
};
