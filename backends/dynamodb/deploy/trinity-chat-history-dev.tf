resource "aws_dynamodb_table" "chat_history" {
  name         = "trinity-chat-history-dev"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "historyId"
  range_key    = "position"

  attribute {
    name = "historyId"
    type = "S"
  }

  attribute {
    name = "position"
    type = "N"
  }

  lifecycle {
    prevent_destroy = true
  }
}
