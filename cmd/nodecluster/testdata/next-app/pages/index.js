export default function Page({ text }) {
  return <p>{text}</p>;
}

export const getServerSideProps = ({ query }) => ({ props: { text: query.text || 'nothing asked' } });
