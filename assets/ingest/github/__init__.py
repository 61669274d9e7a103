"""GitHub: tracked repositories, who forked them and who contributes, through GraphQL with a token."""
